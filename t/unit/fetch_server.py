#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What test_fetch asks: an HTTPS server with good and bad certificates, one in the clear, a proxy, and one that speaks no HTTP.

usage: fetch_server.py FOLDER

Puts ca.pem and other-ca.pem into FOLDER, prints the ports as `name=port ...` in one line, and ends with its standard input.
The path says how to answer; each answer ends its connection unless it says otherwise.
"""
import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)
seen = []                               # request lines of the proxy, first lines of all requests
wake = threading.Event()                # never set: what waits for it waits long


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, issuer_key, names=(), end=NOW + DAY, is_ca=False):
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(NOW - 10 * DAY).not_valid_after(end)
               .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def put(folder, file, *octets):
    path = os.path.join(folder, file)
    with open(path, 'wb') as handle:
        handle.write(b''.join(octets))
    return path


def contexts(folder):
    ca = new_key()
    put(folder, 'ca.pem', certificate('test CA', ca, 'test CA', ca, is_ca=True))
    other = new_key()
    put(folder, 'other-ca.pem', certificate('other CA', other, 'other CA', other, is_ca=True))
    made = {}
    for kind, names, end in (('good', ('127.0.0.1', 'localhost', 'far.test'), NOW + DAY), ('name', ('elsewhere.test',), NOW + DAY),
                             ('expired', ('127.0.0.1',), NOW - DAY)):
        key = new_key()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = put(folder, kind + '.pem', certificate(kind, key, 'test CA', ca, names, end), pem)
        made[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[kind].load_cert_chain(file)
    return made


def head(status, *fields):
    return '\r\n'.join(['HTTP/1.1 %s' % status] + list(fields) + ['Connection: close', '', '']).encode('latin-1')


def whole(status, body=b'', *fields):
    return head(status, 'Content-Length: %d' % len(body), *fields) + body


def stream(sock, count):
    sock.sendall(head('200 OK', 'Transfer-Encoding: chunked'))
    while count > 0:
        part = min(count, 1000)
        sock.sendall(b'%x\r\n' % part + b'x' * part + b'\r\n')
        count -= part
    sock.sendall(b'0\r\n\r\n')


def drip(sock):
    sock.sendall(head('200 OK', 'Content-Length: 1000000'))
    for _ in range(100):
        sock.sendall(b'x')
        wake.wait(0.1)


def by_path(sock, path, query, request):
    """What to send back, or None where it has been sent."""
    parts = path.split('/')[1:]
    number = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    fixed = {
        'ok': whole('200 OK', b'hello', 'Content-Type: text/plain', 'ETag: "v1"', 'Last-Modified: Mon, 02 Mar 2026 09:15:30 GMT'),
        'echo': whole('200 OK', request),
        'seen': whole('200 OK', '\n'.join(seen).encode()),
        'nul': whole('200 OK', b'a\0b', 'Content-Type: text/plain'),
        'interim': b'HTTP/1.1 103 Early Hints\r\nETag: "early"\r\n\r\n' + whole('200 OK', b'late'),
        'twice': whole('200 OK', b'', 'ETag: "first"', 'ETag: "second"'),
        'control': whole('200 OK', b'', 'ETag: "a\x01b"', 'Last-Modified: a\x7fb', 'Content-Type:'),
        'gzip': whole('200 OK', b'\x1f\x8b', 'Content-Encoding: gzip'),
        'identity': whole('200 OK', b'plain', 'Content-Encoding:\tIdentity'),
        'short': head('200 OK', 'Content-Length: 100') + b'short',
        'empty': head('204 No Content'),
        'garbage': b'SSH-2.0-OpenSSH_9.2\r\n',
        'heads': head('200 OK', *['X-%d: %s' % (i, 'x' * 1000) for i in range(80)]),
        'size': whole('200 OK', b'x' * number),
        'status': whole('%d Some' % number, b'', 'Location: /ok') if parts[-1] == 'to' else whole('%d Some' % number),
        'chain': whole('302 Found', b'moved', 'Location: /chain/%d' % (number - 1)) if number else whole('200 OK', b'arrived'),
        'redirect': whole('302 Found', b'', 'Location: ' + query.get('to', '')),
        'retry': whole('503 Busy', b'', 'Retry-After: ' + query.get('after', ''), *(['Date: ' + query['date']] if 'date' in query else [])),
    }
    if parts[0] in fixed:
        return fixed[parts[0]]
    if parts[0] == 'etag':
        return head('304 Not Modified', 'ETag: "v1"') if b'If-None-Match: "v1"' in request else whole('200 OK', b'new')
    if parts[0] == 'stream':
        return stream(sock, number)
    if parts[0] == 'drip':
        return drip(sock)
    if parts[0] == 'lag':               # each of its redirects takes a while
        time.sleep(0.2)
        return whole('302 Found', b'', 'Location: /lag')
    if parts[0] == 'slow':
        wake.wait(20)
    return whole('404 Not Found')


def read_request(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        more = sock.recv(65536)
        if not more:
            return data
        data += more
    front, _, body = data.partition(b'\r\n\r\n')
    length = [line.split(b':')[1] for line in front.split(b'\r\n') if line.lower().startswith(b'content-length:')]
    while length and len(body) < int(length[0]):
        body += sock.recv(65536)
    return front + b'\r\n\r\n' + body


def serve(sock, context):
    if context:
        sock = context.wrap_socket(sock, server_side=True)
    request = read_request(sock)
    if request:
        line = request.split(b'\r\n')[0].decode('latin-1')
        target = urllib.parse.urlsplit(line.split(' ')[1])
        seen.append(line)
        answer = by_path(sock, target.path, dict(urllib.parse.parse_qsl(target.query)), request)
        if answer:
            sock.sendall(answer)
    if context:
        sock = sock.unwrap()
    sock.close()


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(sock, port):
    """CONNECT to far.test alone; whatever else is asked is written down and refused."""
    request = read_request(sock)
    seen.append('proxy ' + request.decode('latin-1').replace('\r\n', '|'))
    if not request.startswith(b'CONNECT far.test:443 '):
        sock.sendall(whole('502 Bad Gateway', b'no', 'ETag: "proxy"'))
        sock.close()
        return
    onward = socket.create_connection(('127.0.0.1', port), timeout=30)
    sock.sendall(b'HTTP/1.1 200 Connected\r\nLast-Modified: by the proxy\r\n\r\n')
    threading.Thread(target=pump, args=(sock, onward), daemon=True).start()
    pump(onward, sock)


def chat(sock, _):
    sock.sendall(b'SSH-2.0-OpenSSH_9.2\r\n')
    wake.wait(0.2)
    sock.close()


def quietly(function, *args):
    try:
        function(*args)
    except (OSError, ssl.SSLError, ValueError):
        pass


def listen(function, arg):
    server = socket.create_server(('127.0.0.1', 0))

    def accept():
        while True:
            sock, _ = server.accept()
            sock.settimeout(30)
            threading.Thread(target=quietly, args=(function, sock, arg), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def main():
    made = contexts(sys.argv[1])
    ports = {kind: listen(serve, context) for kind, context in made.items()}
    ports['plain'] = listen(serve, None)
    ports['proxy'] = listen(proxy, ports['good'])
    ports['garbage'] = listen(chat, None)
    bound = socket.socket()             # bound and not listening: nobody else gets the port, and who connects is refused
    bound.bind(('127.0.0.1', 0))
    ports['closed'] = bound.getsockname()[1]
    print(' '.join('%s=%d' % item for item in ports.items()), flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
