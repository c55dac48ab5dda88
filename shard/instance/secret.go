package instance

import (
	"fmt"
	"os"
	"strings"
)

// Secret is where a password comes from. It is read each time a connection is
// made, so that a rotation needs no restart. It prints as its source, never as
// its value. The zero Secret is the empty password.
type Secret struct {
	from  secretSource
	value string // the secret itself, the file's path, or the variable's name
}

type secretSource uint8

const (
	secretLiteral secretSource = iota
	secretFile
	secretEnvironment
)

// Literal is a secret that is known now and stays.
func Literal(secret string) Secret { return Secret{secretLiteral, secret} }

// FromFile is a secret that a file holds; one line end after it is not part of it.
func FromFile(path string) Secret { return Secret{secretFile, path} }

// FromEnvironment is a secret that an environment variable holds.
func FromEnvironment(name string) Secret { return Secret{secretEnvironment, name} }

// Read gives the secret as it is now.
func (s Secret) Read() (string, error) {
	switch s.from {
	case secretFile:
		b, err := os.ReadFile(s.value)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
	case secretEnvironment:
		v, ok := os.LookupEnv(s.value)
		if !ok {
			return "", fmt.Errorf("read password: the environment variable %s is not set", s.value)
		}
		return v, nil
	}
	return s.value, nil
}

// String names the source.
func (s Secret) String() string {
	switch {
	case s.from == secretFile:
		return "file " + s.value
	case s.from == secretEnvironment:
		return "environment variable " + s.value
	case s.value == "":
		return "none"
	}
	return "given literally"
}

// GoString keeps the value out of %#v too.
func (s Secret) GoString() string { return "instance.Secret(" + s.String() + ")" }
