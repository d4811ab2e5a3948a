<?php
// SPDX-License-Identifier: Apache-2.0
// What the test says of the identity provider in idp.json is read anew for each request.
$file = getenv('SSP_FOLDER') . '/idp.json';
$said = is_file($file) ? json_decode(file_get_contents($file), true, 16, JSON_THROW_ON_ERROR) : [];

$metadata['__DYNAMIC:1__'] = $said + [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.cer',
    'auth' => 'people',
];
