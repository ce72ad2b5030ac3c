<?php
$dbms = 'phpbb\\db\\driver\\sqlite3';
$pollchat_token_key = getenv('TOKEN_KEY');
$pollchat_token_aud = 'chat';
