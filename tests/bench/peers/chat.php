<?php
// chat.php - the send of a plain PHP chat over SQLite, with what pollchat promises: a durable commit, numbers without a gap.
// One statement, so one transaction: SQLite takes the write lock before it reads the greatest number.
$database = new PDO('sqlite:' . __DIR__ . '/chat.db', null, null, [
    PDO::ATTR_PERSISTENT => true,
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::ATTR_TIMEOUT => 20,
]);
$database->exec('PRAGMA synchronous = FULL');
$room = $_POST['room'] ?? 'lobby';
$insert = $database->prepare('INSERT INTO message SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4 FROM message WHERE room = ?1 RETURNING seq');
$insert->execute([$room, (int) (microtime(true) * 1000), $_POST['name'] ?? 'guest', $_POST['text'] ?? '']);
$seq = (int) $insert->fetchColumn();
$insert->closeCursor();
header('Content-Type: application/json');
echo json_encode(['room' => $room, 'seq' => $seq]);
