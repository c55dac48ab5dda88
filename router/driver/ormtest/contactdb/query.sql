-- name: CreateContact :exec
INSERT INTO contacts (member_id, id, name, email) VALUES (?, ?, ?, ?);

-- name: GetContact :one
SELECT * FROM contacts WHERE member_id = ? AND id = ?;

-- name: ListContacts :many
SELECT * FROM contacts WHERE member_id = ? ORDER BY id;

-- name: RenameContact :execrows
UPDATE contacts SET name = ? WHERE member_id = ? AND id = ?;

-- name: DeleteContact :exec
DELETE FROM contacts WHERE member_id = ? AND id = ?;

-- name: CountAllContacts :one
SELECT COUNT(*) FROM contacts;
