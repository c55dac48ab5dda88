CREATE TABLE contacts (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(200) NOT NULL,
  PRIMARY KEY (member_id, id)
);
