CREATE TABLE contacts (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(200) NOT NULL,
  PRIMARY KEY (member_id, id)
);

CREATE TABLE conversations (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  title VARCHAR(200) NOT NULL,
  PRIMARY KEY (member_id, id)
);

CREATE TABLE messages (
  member_id BIGINT NOT NULL,
  conversation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  body VARCHAR(1000) NOT NULL,
  PRIMARY KEY (member_id, conversation_id, id)
);

-- Its ids are the server's, and its rows are marked as deleted.
CREATE TABLE notes (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL AUTO_INCREMENT,
  body VARCHAR(1000) NOT NULL,
  created_at DATETIME(3) NULL,
  updated_at DATETIME(3) NULL,
  deleted_at DATETIME(3) NULL,
  PRIMARY KEY (member_id, id),
  KEY (id)
);
