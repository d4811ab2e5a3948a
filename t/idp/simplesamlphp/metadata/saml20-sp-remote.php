<?php
// SPDX-License-Identifier: Apache-2.0
// The service providers: each NAME.xml in the folder sps, as its metadata endpoint gave it, read by SimpleSAMLphp's own parser;
// NAME.json beside it has what an administrator would add to the converted metadata.
foreach (glob(getenv('SSP_FOLDER') . '/sps/*.xml') as $file) {
    $added = substr($file, 0, -3) . 'json';
    $said = is_file($added) ? json_decode(file_get_contents($added), true, 16, JSON_THROW_ON_ERROR) : [];
    foreach (SimpleSAML\Metadata\SAMLParser::parseDescriptorsFile($file) as $id => $entity) {
        $metadata[$id] = $said + $entity->getMetadata20SP();
    }
}
