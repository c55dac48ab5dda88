-- name: CreateContact :exec
INSERT INTO contacts (member_id, id, name, email) VALUES (?, ?, ?, ?);

-- name: PutContact :exec
INSERT INTO contacts (member_id, id, name, email) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE name = VALUES(name), email = VALUES(email);

-- name: GetContact :one
SELECT * FROM contacts WHERE member_id = ? AND id = ?;

-- name: ListContacts :many
SELECT * FROM contacts WHERE member_id = ? ORDER BY id;

-- name: ListSomeContacts :many
SELECT * FROM contacts WHERE member_id = ? AND id IN (sqlc.slice('ids')) ORDER BY id;

-- name: RenameContact :execrows
UPDATE contacts SET name = ? WHERE member_id = ? AND id = ?;

-- name: DeleteContact :exec
DELETE FROM contacts WHERE member_id = ? AND id = ?;

-- name: CountAllContacts :one
SELECT COUNT(*) FROM contacts;

-- name: CreateConversation :exec
INSERT INTO conversations (member_id, id, title) VALUES (?, ?, ?);

-- name: AddMessage :exec
INSERT INTO messages (member_id, conversation_id, id, body) VALUES (?, ?, ?, ?);

-- name: ListMessages :many
SELECT sqlc.embed(c), sqlc.embed(m)
FROM conversations c
JOIN messages m ON m.member_id = c.member_id AND m.conversation_id = c.id
WHERE c.member_id = ?
ORDER BY m.conversation_id, m.id;

-- name: AddNote :execlastid
INSERT INTO notes (member_id, body) VALUES (?, ?);
