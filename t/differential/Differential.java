// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.XMLConstants;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Attr;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

/**
 * A second opinion on SAML Responses: the JDK's own XML parser, XML Signature (javax.xml.crypto.dsig) and ciphers, which share
 * no line with libxml2, xmlsec1 and OpenSSL.
 *
 * <p>Reads lines "name TAB file TAB certificates TAB private keys" (lists with ":" between) and writes a line of JSON for
 * each: whether it is well-formed, and for each signature in a protocol position (child of the root, of an Assertion in it, of
 * a decrypted Assertion) whether it verifies, what it covers, and the identity that stands in the octets that were digested.
 *
 * <p>It is an XML Signature implementation as it comes, with secure validation, one key at a time, and the ID attributes of SAML.
 * What SAML asks beyond that is not asked here: that difference is what t/differential/explained.txt accounts for.
 */
public final class Differential {
    static final String SAML = "urn:oasis:names:tc:SAML:2.0:assertion";
    static final String SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol";
    static final String XENC = "http://www.w3.org/2001/04/xmlenc#";
    static final String XENC11 = "http://www.w3.org/2009/xmlenc11#";
    static final String XSI = XMLConstants.W3C_XML_SCHEMA_INSTANCE_NS_URI;
    /** Files from here on are not read: the point of such a case is its size. */
    static final long MAX_BYTES = 4L << 20;
    static final int MAX_KEYS = 64;

    /** The JDK's policy, whichever version it is, but for SHA-1: that it is weak shall not hide whether the octets are the same. */
    static final String POLICY = String.join(",",
            "disallowAlg http://www.w3.org/TR/1999/REC-xslt-19991116",
            "disallowAlg http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "disallowAlg http://www.w3.org/2001/04/xmldsig-more#hmac-md5",
            "disallowAlg http://www.w3.org/2001/04/xmldsig-more#md5",
            "maxTransforms 5", "maxReferences 30", "disallowReferenceUriSchemes file http https",
            "minKeySize RSA 1024", "minKeySize DSA 1024", "minKeySize EC 224", "noDuplicateIds", "noRetrievalMethodLoops");

    private Differential() {
    }

    public static void main(String[] args) throws Exception {
        Security.setProperty("jdk.xml.dsig.secureValidationPolicy", POLICY);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Keys keys = new Keys();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] f = line.split("\t", -1);
            Message m = new Message(keys.certificates(f[2]), keys.privates(f[3]));
            m.judge(Path.of(f[1]));
            m.report.put("name", f[0]);
            out.println(Json.of(m.report));
        }
        out.flush();
    }

    // ---- keys ----

    static final class Keys {
        private final Map<String, List<PublicKey>> publics = new HashMap<>();
        private final Map<String, List<PrivateKey>> secrets = new HashMap<>();

        List<PublicKey> certificates(String files) throws Exception {
            if (!publics.containsKey(files)) {
                List<PublicKey> list = new ArrayList<>();
                for (String file : files.split(":")) {
                    try (InputStream pem = Files.newInputStream(Path.of(file))) {
                        list.add(CertificateFactory.getInstance("X.509").generateCertificate(pem).getPublicKey());
                    }
                }
                publics.put(files, list);
            }
            return publics.get(files);
        }

        List<PrivateKey> privates(String files) throws Exception {
            if (!secrets.containsKey(files)) {
                List<PrivateKey> list = new ArrayList<>();
                for (String file : files.isEmpty() ? new String[0] : files.split(":")) {
                    String pem = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----", "");
                    byte[] der = Base64.getMimeDecoder().decode(pem);
                    list.add(KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der)));
                }
                secrets.put(files, list);
            }
            return secrets.get(files);
        }
    }

    // ---- XML ----

    static final class Xml {
        private static final DocumentBuilderFactory FACTORY = factory();

        private Xml() {
        }

        private static DocumentBuilderFactory factory() {
            try {
                DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();
                f.setNamespaceAware(true);
                f.setXIncludeAware(false);
                f.setExpandEntityReferences(false);
                f.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
                f.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
                return f;
            } catch (ParserConfigurationException e) {
                throw new IllegalStateException(e);
            }
        }

        static Document parse(byte[] octets) throws Exception {
            DocumentBuilder builder = FACTORY.newDocumentBuilder();
            builder.setErrorHandler(new Strict());
            Document doc = builder.parse(new ByteArrayInputStream(octets));
            markIds(doc.getDocumentElement());
            return doc;
        }

        /** SAML Core 1.3.4: ID is of type xs:ID, which no parser knows without the schema. */
        static void markIds(Element el) {
            boolean named = is(el, SAMLP, "Response") || is(el, SAML, "Assertion");
            if (named && el.hasAttributeNS(null, "ID")) {
                el.setIdAttributeNS(null, "ID", true);
            }
            for (Element child : children(el)) {
                markIds(child);
            }
        }

        static boolean is(Element el, String ns, String name) {
            return ns.equals(el.getNamespaceURI()) && name.equals(el.getLocalName());
        }

        static List<Element> children(Element el) {
            List<Element> list = new ArrayList<>();
            for (Node n = el.getFirstChild(); n != null; n = n.getNextSibling()) {
                if (n instanceof Element) {
                    list.add((Element) n);
                }
            }
            return list;
        }

        static List<Element> children(Element el, String ns, String name) {
            List<Element> list = children(el);
            list.removeIf(child -> !is(child, ns, name));
            return list;
        }

        static Element child(Element el, String ns, String name) {
            List<Element> list = el == null ? List.of() : children(el, ns, name);
            return list.isEmpty() ? null : list.get(0);
        }

        static String algorithm(Element el) {
            return el == null ? "" : el.getAttributeNS(null, "Algorithm").trim();
        }

        /** The declarations in scope at an element, as they would stand in a start tag. */
        static String declarations(Element el) {
            Map<String, String> scope = new TreeMap<>();
            for (Node n = el; n instanceof Element; n = n.getParentNode()) {
                NamedNodeMap attributes = n.getAttributes();
                for (int i = 0; i < attributes.getLength(); i++) {
                    Attr a = (Attr) attributes.item(i);
                    if (XMLConstants.XMLNS_ATTRIBUTE_NS_URI.equals(a.getNamespaceURI())) {
                        scope.putIfAbsent(a.getName(), a.getValue());
                    }
                }
            }
            StringBuilder text = new StringBuilder();
            scope.forEach((name, uri) -> text.append(' ').append(name).append("=\"")
                    .append(uri.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;")).append('"'));
            return text.toString();
        }
    }

    static final class Strict implements ErrorHandler {
        @Override
        public void warning(SAXParseException e) throws SAXException {
            throw e;
        }

        @Override
        public void error(SAXParseException e) throws SAXException {
            throw e;
        }

        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }

    // ---- one message ----

    static final class Message {
        final Map<String, Object> report = new LinkedHashMap<>();
        private final List<Object> signatures = new ArrayList<>();
        private final List<PublicKey> certificates;
        private final Decrypter decrypter;

        Message(List<PublicKey> certificates, List<PrivateKey> keys) {
            this.certificates = certificates;
            this.decrypter = new Decrypter(keys);
        }

        void judge(Path file) {
            report.put("well_formed", false);
            report.put("signatures", signatures);
            try {
                if (Files.size(file) > MAX_BYTES) {
                    throw new IOException("larger than " + MAX_BYTES + " octets, not read");
                }
                byte[] octets = Files.readAllBytes(file);
                // A case that is about the form value is the form value.
                boolean isXml = file.toString().endsWith(".xml");
                Element root = Xml.parse(isXml ? octets : Base64.getMimeDecoder().decode(octets)).getDocumentElement();
                report.put("well_formed", true);
                look(root);
            } catch (Exception | StackOverflowError | OutOfMemoryError e) {
                report.put("why", why(e));
            }
        }

        private void look(Element root) throws Exception {
            position(root, "Response");
            for (Element assertion : Xml.children(root, SAML, "Assertion")) {
                position(assertion, "Assertion");
            }
            for (Element wrapper : Xml.children(root, SAML, "EncryptedAssertion")) {
                try {
                    position(decrypter.content(wrapper), "decrypted Assertion");
                    report.putIfAbsent("decrypted", true);
                } catch (Exception e) {
                    report.put("decrypted", false);
                    report.put("why", why(e));
                }
            }
        }

        private void position(Element parent, String where) {
            for (Element signature : Xml.children(parent, XMLSignature.XMLNS, "Signature")) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("at", where);
                result.put("verdict", "failed");
                result.put("covers", false);
                verifyAny(signature, parent, result);
                signatures.add(result);
            }
        }

        private void verifyAny(Element signature, Element parent, Map<String, Object> result) {
            for (PublicKey key : certificates) {
                try {
                    if (verify(signature, parent, key, result)) {
                        return;
                    }
                } catch (Exception | StackOverflowError e) {
                    result.put("why", why(e));
                }
            }
        }

        private boolean verify(Element signature, Element parent, PublicKey key, Map<String, Object> result) throws Exception {
            XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
            DOMValidateContext context = new DOMValidateContext(KeySelector.singletonKeySelector(key), signature);
            context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
            context.setProperty("javax.xml.crypto.dsig.cacheReference", Boolean.TRUE);
            context.setURIDereferencer((reference, c) -> {
                if (reference.getURI() == null || !(reference.getURI().isEmpty() || reference.getURI().startsWith("#"))) {
                    throw new URIReferenceException("only this document is looked at, not " + reference.getURI());
                }
                return factory.getURIDereferencer().dereference(reference, c);
            });
            XMLSignature xml = factory.unmarshalXMLSignature(context);
            if (!xml.validate(context)) {
                boolean signed = xml.getSignatureValue().validate(context);
                result.put("why", signed ? "a digest does not match" : "the value does not match");
                return false;
            }
            result.put("verdict", "verified");
            result.remove("why");
            readSigned(xml.getSignedInfo().getReferences(), parent, result);
            return true;
        }

        /** What is believed is read from the octets that were digested, of the Reference that covers the Signature's parent. */
        private void readSigned(List<?> references, Element parent, Map<String, Object> result) throws Exception {
            result.put("references", references.size());
            for (Object o : references) {
                byte[] octets = ((Reference) o).getDigestInputStream().readAllBytes();
                Element root = Xml.parse(octets).getDocumentElement();
                if (Xml.is(root, parent.getNamespaceURI(), parent.getLocalName()) && !parent.getAttributeNS(null, "ID").isEmpty()
                        && root.getAttributeNS(null, "ID").equals(parent.getAttributeNS(null, "ID"))) {
                    result.put("covers", true);
                    result.put("sha256", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets)));
                    identity(root, result);
                }
            }
        }

        private void identity(Element signed, Map<String, Object> result) {
            try {
                Element assertion = signed;
                if (!Xml.is(signed, SAML, "Assertion")) {
                    Element wrapper = Xml.child(signed, SAML, "EncryptedAssertion");
                    assertion = wrapper == null ? Xml.child(signed, SAML, "Assertion") : decrypter.content(wrapper);
                }
                if (assertion != null) {
                    result.put("name_id", nameId(assertion));
                    result.put("attributes", attributes(assertion));
                }
            } catch (Exception e) {
                result.put("unread", why(e));
            }
        }

        private String nameId(Element assertion) throws Exception {
            Element subject = Xml.child(assertion, SAML, "Subject");
            Element wrapper = Xml.child(subject, SAML, "EncryptedID");
            Element name = wrapper == null ? Xml.child(subject, SAML, "NameID") : decrypter.content(wrapper);
            return name == null ? null : name.getTextContent();
        }

        private Map<String, Object> attributes(Element assertion) throws Exception {
            Map<String, Object> all = new TreeMap<>();
            for (Element statement : Xml.children(assertion, SAML, "AttributeStatement")) {
                for (Element el : Xml.children(statement)) {
                    Element attribute = Xml.is(el, SAML, "EncryptedAttribute") ? decrypter.content(el) : el;
                    if (Xml.is(attribute, SAML, "Attribute")) {
                        String name = attribute.getAttributeNS(null, "Name").trim();
                        @SuppressWarnings("unchecked")
                        List<Object> values = (List<Object>) all.computeIfAbsent(name, k -> new ArrayList<>());
                        values(attribute, values);
                    }
                }
            }
            return all;
        }

        private static void values(Element attribute, List<Object> values) {
            for (Element value : Xml.children(attribute, SAML, "AttributeValue")) {
                String nil = value.getAttributeNS(XSI, "nil").trim();
                if (!nil.equals("true") && !nil.equals("1")) {
                    values.add(Xml.children(value).isEmpty() ? value.getTextContent() : Map.of("inner", value.getTextContent()));
                }
            }
        }

        private static String why(Throwable e) {
            Throwable last = e;
            while (last.getCause() != null && last.getCause() != last) {
                last = last.getCause();
            }
            return last.getClass().getSimpleName() + ": " + last.getMessage();
        }
    }

    // ---- XML Encryption, which the JDK has only the ciphers for ----

    static final class Decrypter {
        private static final Map<String, String> DIGESTS = Map.of(
                XMLSignature.XMLNS + "sha1", "SHA-1", XENC + "sha256", "SHA-256",
                "http://www.w3.org/2001/04/xmldsig-more#sha384", "SHA-384", XENC + "sha512", "SHA-512");
        private static final Map<String, String> MASKS = Map.of(XENC11 + "mgf1sha1", "SHA-1", XENC11 + "mgf1sha256", "SHA-256",
                XENC11 + "mgf1sha384", "SHA-384", XENC11 + "mgf1sha512", "SHA-512");
        private static final Map<String, Integer> CIPHERS = Map.of(XENC + "aes128-cbc", 16, XENC + "aes192-cbc", 24,
                XENC + "aes256-cbc", 32, XENC11 + "aes128-gcm", 16, XENC11 + "aes192-gcm", 24, XENC11 + "aes256-gcm", 32,
                XENC + "tripledes-cbc", 24);
        private final List<PrivateKey> keys;

        Decrypter(List<PrivateKey> keys) {
            this.keys = keys;
        }

        /** The element that stood in the place of EncryptedData, with the declarations of that place in scope. */
        Element content(Element wrapper) throws Exception {
            Element data = Xml.child(wrapper, XENC, "EncryptedData");
            if (data == null) {
                throw new GeneralSecurityException("no EncryptedData");
            }
            List<Element> wrapped = new ArrayList<>(Xml.children(wrapper, XENC, "EncryptedKey"));
            Element info = Xml.child(data, XMLSignature.XMLNS, "KeyInfo");
            if (info != null) {
                wrapped.addAll(0, Xml.children(info, XENC, "EncryptedKey"));
            }
            Exception last = new GeneralSecurityException("no EncryptedKey or no private key");
            for (Element encryptedKey : wrapped.subList(0, Math.min(wrapped.size(), MAX_KEYS))) {
                for (PrivateKey key : keys) {
                    try {
                        return element(decrypt(data, unwrap(encryptedKey, key)), wrapper);
                    } catch (Exception e) {
                        last = e;
                    }
                }
            }
            throw last;
        }

        private static Element element(byte[] plain, Element wrapper) throws Exception {
            String text = new String(plain, StandardCharsets.UTF_8).replaceFirst("^\uFEFF?<\\?xml[^>]*\\?>\\s*", "");
            String scoped = "<scope" + Xml.declarations(wrapper) + ">" + text + "</scope>";
            List<Element> found = Xml.children(Xml.parse(scoped.getBytes(StandardCharsets.UTF_8)).getDocumentElement());
            String name = wrapper.getLocalName();
            String promised = name.equals("EncryptedID") ? "NameID" : name.substring("Encrypted".length());
            if (found.size() != 1 || !Xml.is(found.get(0), SAML, promised)) {
                throw new GeneralSecurityException("no " + promised + " was encrypted");
            }
            return found.get(0);
        }

        private static byte[] cipherValue(Element el) {
            Element value = Xml.child(Xml.child(el, XENC, "CipherData"), XENC, "CipherValue");
            return Base64.getMimeDecoder().decode(value == null ? "" : value.getTextContent());
        }

        private static byte[] unwrap(Element encryptedKey, PrivateKey key) throws Exception {
            Element method = Xml.child(encryptedKey, XENC, "EncryptionMethod");
            String uri = Xml.algorithm(method);
            Cipher rsa;
            if (uri.equals(XENC + "rsa-1_5")) {
                rsa = Cipher.getInstance("RSA/ECB/PKCS1Padding");
                rsa.init(Cipher.DECRYPT_MODE, key);
            } else if (uri.equals(XENC + "rsa-oaep-mgf1p") || uri.equals(XENC11 + "rsa-oaep")) {
                rsa = Cipher.getInstance("RSA/ECB/OAEPPadding");
                rsa.init(Cipher.DECRYPT_MODE, key, oaep(method, uri.equals(XENC11 + "rsa-oaep")));
            } else {
                throw new GeneralSecurityException("key transport " + uri);
            }
            return rsa.doFinal(cipherValue(encryptedKey));
        }

        private static OAEPParameterSpec oaep(Element method, boolean ownMask) throws GeneralSecurityException {
            Element digest = Xml.child(method, XMLSignature.XMLNS, "DigestMethod");
            Element mask = Xml.child(method, XENC11, "MGF");
            Element label = Xml.child(method, XENC, "OAEPparams");
            String md = digest == null ? "SHA-1" : DIGESTS.get(Xml.algorithm(digest));
            String mgf = mask == null || !ownMask ? "SHA-1" : MASKS.get(Xml.algorithm(mask));
            if (md == null || mgf == null) {
                throw new GeneralSecurityException("OAEP parameters");
            }
            byte[] octets = label == null ? new byte[0] : Base64.getMimeDecoder().decode(label.getTextContent());
            return new OAEPParameterSpec(md, "MGF1", new MGF1ParameterSpec(mgf), new PSource.PSpecified(octets));
        }

        private static byte[] decrypt(Element data, byte[] key) throws Exception {
            String uri = Xml.algorithm(Xml.child(data, XENC, "EncryptionMethod"));
            Integer length = CIPHERS.get(uri);
            byte[] octets = cipherValue(data);
            if (length == null || length != key.length) {
                throw new GeneralSecurityException("cipher " + uri + " with a key of " + key.length + " octets");
            }
            if (uri.endsWith("-gcm")) {
                Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
                gcm.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, octets, 0, 12));
                return gcm.doFinal(octets, 12, octets.length - 12);
            }
            String name = uri.endsWith("tripledes-cbc") ? "DESede" : "AES";
            Cipher cbc = Cipher.getInstance(name + "/CBC/NoPadding");
            int block = cbc.getBlockSize();
            cbc.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, name), new IvParameterSpec(octets, 0, block));
            byte[] padded = cbc.doFinal(octets, block, octets.length - block);
            int padding = padded[padded.length - 1];
            if (padding < 1 || padding > block) {
                throw new GeneralSecurityException("padding");
            }
            return Arrays.copyOf(padded, padded.length - padding);
        }
    }

    // ---- JSON ----

    static final class Json {
        private Json() {
        }

        static String of(Object o) {
            StringBuilder text = new StringBuilder();
            write(text, o);
            return text.toString();
        }

        private static void write(StringBuilder text, Object o) {
            if (o instanceof Map) {
                char before = '{';
                text.append(((Map<?, ?>) o).isEmpty() ? "{" : "");
                for (Map.Entry<?, ?> e : ((Map<?, ?>) o).entrySet()) {
                    text.append(before);
                    write(text, e.getKey());
                    text.append(':');
                    write(text, e.getValue());
                    before = ',';
                }
                text.append('}');
            } else if (o instanceof List) {
                char before = '[';
                text.append(((List<?>) o).isEmpty() ? "[" : "");
                for (Object each : (List<?>) o) {
                    text.append(before);
                    write(text, each);
                    before = ',';
                }
                text.append(']');
            } else if (o instanceof String) {
                string(text, (String) o);
            } else {
                text.append(o);
            }
        }

        private static void string(StringBuilder text, String s) {
            text.append('"');
            for (char c : s.toCharArray()) {
                if (c == '"' || c == '\\') {
                    text.append('\\').append(c);
                } else if (c < 0x20 || Character.isSurrogate(c)) {
                    text.append(String.format("\\u%04x", (int) c));
                } else {
                    text.append(c);
                }
            }
            text.append('"');
        }
    }
}
