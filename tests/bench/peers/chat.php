<?php
// chat.php - the send of a plain PHP chat over SQLite, with what pollchat promises: a durable commit, numbers without a gap.
$database = new PDO('sqlite:' . __DIR__ . '/chat.db', null, null, [
    PDO::ATTR_PERSISTENT => true,
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::ATTR_TIMEOUT => 20,
]);
$database->exec('PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
$database->exec('CREATE TABLE IF NOT EXISTS message (room TEXT, seq INTEGER, time INTEGER, name TEXT, text TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID');
$room = $_POST['room'] ?? 'lobby';
$database->exec('BEGIN IMMEDIATE');
$next = $database->prepare('SELECT coalesce(max(seq), 0) + 1 FROM message WHERE room = ?');
$next->execute([$room]);
$seq = (int) $next->fetchColumn();
$next->closeCursor();
$insert = $database->prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?)');
$insert->execute([$room, $seq, (int) (microtime(true) * 1000), $_POST['name'] ?? 'guest', $_POST['text'] ?? '']);
$database->exec('COMMIT');
http_response_code(201);
header('Content-Type: application/json');
echo json_encode(['room' => $room, 'seq' => $seq]);
