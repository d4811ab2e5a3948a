<?php
// SPDX-License-Identifier: Apache-2.0
// The users stand in the test: {"name:password": {attribute: [values]}}
$users = json_decode(file_get_contents(getenv('SSP_FOLDER') . '/users.json'), true, 16, JSON_THROW_ON_ERROR);

$config = ['people' => ['exampleauth:UserPass'] + $users];
