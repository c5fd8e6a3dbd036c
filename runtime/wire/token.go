package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// KeyBytes is the least length of a server's key.
const KeyBytes = 32

// An Identity is the instance that a token belongs to.
type Identity struct {
	Name     string `json:"name"`
	Pool     string `json:"pool"`
	Category string `json:"category"`
	Zone     string `json:"zone,omitempty"`
	Tenant   string `json:"tenant,omitempty"` // whom it was reserved for from the start
}

// Headers of signed messages.
const (
	HeaderIdentity = "Shadowpool-Identity"
	HeaderNonce    = "Shadowpool-Nonce"
	HeaderMAC      = "Shadowpool-Mac"
)

// maxIdentity bounds an identity as it is written, in bytes.
const maxIdentity = 4096

var encoding = base64.RawURLEncoding

// Encode writes an identity for a header.
func (i Identity) Encode() string {
	b, err := json.Marshal(i)
	if err != nil { // of strings alone
		panic(err)
	}
	return encoding.EncodeToString(b)
}

// DecodeIdentity reads what Encode wrote. It proves nothing yet.
func DecodeIdentity(text string) (Identity, error) {
	if len(text) > maxIdentity {
		return Identity{}, fmt.Errorf("an identity of more than %d bytes", maxIdentity)
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		return Identity{}, errors.New("an identity that is not base64")
	}
	return Decode[Identity](b)
}

// Validate implements Message.
func (i Identity) Validate() error {
	if i.Name == "" || strings.Trim(i.Name, nameBytes) != "" || len(i.Name) > maxName {
		return fmt.Errorf("instance %.100q: want letters, digits and dashes", i.Name)
	}
	return first(text("pool", i.Pool), text("category", i.Category), text("zone", i.Zone), text("tenant", i.Tenant))
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// Secret is what the instance of an identity, as it is written, shares with the
// server that has the key.
func Secret(key []byte, identity string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("shadowpool agent 1\x00" + identity))
	return m.Sum(nil)
}

// Token is what an instance's agent is given.
func Token(key []byte, i Identity) string {
	identity := i.Encode()
	return identity + "." + encoding.EncodeToString(Secret(key, identity))
}

// ParseToken takes a token apart. Its error does not have it.
func ParseToken(token string) (Identity, string, []byte, error) {
	identity, rest, _ := strings.Cut(token, ".")
	secret, err := encoding.DecodeString(rest)
	if err != nil || len(secret) != sha256.Size {
		return Identity{}, "", nil, errors.New("this is not an agent's token")
	}
	i, err := DecodeIdentity(identity)
	if err != nil {
		return Identity{}, "", nil, fmt.Errorf("this is not an agent's token: %w", err)
	}
	return i, identity, secret, nil
}

// SignRequest is the MAC of a request.
func SignRequest(secret []byte, method, path, nonce string, body []byte) string {
	return sign(secret, "request", method, path, nonce, string(body))
}

// SignAnswer is the MAC of the answer to the request with that nonce.
func SignAnswer(secret []byte, nonce string, status int, body []byte) string {
	return sign(secret, "answer", nonce, strconv.Itoa(status), string(body))
}

// sign joins its parts with the length of each before it.
func sign(secret []byte, parts ...string) string {
	m := hmac.New(sha256.New, secret)
	for _, p := range parts {
		fmt.Fprintf(m, "%d:", len(p))
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// Same compares two MACs in a time that tells nothing of where they differ.
func Same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
