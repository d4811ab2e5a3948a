<?php
// SPDX-License-Identifier: Apache-2.0
// SimpleSAMLphp as an identity provider for the tests. SSP_FOLDER is a folder of the test's own, where everything it writes
// goes; SSP_URL is where it is served. What the test says in config.json there is read anew for each request.
$folder = getenv('SSP_FOLDER');
$file = "$folder/config.json";
$said = is_file($file) ? json_decode(file_get_contents($file), true, 16, JSON_THROW_ON_ERROR) : [];

$config = $said + [
    'baseurlpath' => getenv('SSP_URL') . '/',
    'certdir' => "$folder/",
    'loggingdir' => "$folder/log/",
    'datadir' => "$folder/data/",
    'tempdir' => "$folder/tmp",
    'metadatadir' => __DIR__ . '/metadata/',
    'metadata.sources' => [['type' => 'flatfile']],
    'timezone' => 'UTC',
    'secretsalt' => 'a salt of the tests, which guards nothing',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'technicalcontact_name' => 'Test',
    'technicalcontact_email' => 'test@example.org',
    'logging.handler' => 'file',
    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.logfile' => 'ssp.log',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => "$folder/sessions",
    'session.cookie.samesite' => null,
    'session.cookie.secure' => false,
    'language.available' => ['en'],
    'language.default' => 'en',
];
