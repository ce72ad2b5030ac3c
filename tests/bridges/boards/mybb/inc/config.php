<?php
$config['database']['type'] = 'sqlite';
$config['pollchat_token_key'] = getenv('TOKEN_KEY');
$config['pollchat_token_aud'] = 'chat';
