package api

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.yaml.in/yaml/v4"
)

// A Token says what its bearer may do. The token itself is not kept, only its
// hash: it is 256 random bits, so that nothing slower than SHA-256 is needed.
type Token struct {
	Name    string   `yaml:"name"`              // for the log, and to find it again
	SHA256  string   `yaml:"sha256"`            // of the token's text, in hex
	Tenants []string `yaml:"tenants,omitempty"` // whom it may act for; empty: everyone
	Verbs   []string `yaml:"verbs"`
}

// Tokens are those of a file. It is read again by Reload.
type Tokens struct {
	path string
	now  atomic.Pointer[map[[sha256.Size]byte]*bearer]
	load sync.Mutex
}

type bearer struct {
	hash [sha256.Size]byte
	who  Principal
}

// tokenMark stands before every token, so that those who look for secrets in
// the wrong places find it.
const tokenMark = "shadowpool_"

// maxTokens bounds a file's, and maxTokenFile its bytes.
const (
	maxTokens    = 100_000
	maxTokenFile = 64 << 20
)

// LoadTokens reads a file of tokens. The errors name it, and never show what
// may be a token.
func LoadTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	return t, t.Reload()
}

// Reload reads the file again. With an error, what was read before holds on.
func (t *Tokens) Reload() error {
	t.load.Lock()
	defer t.load.Unlock()
	list, err := readTokens(t.path)
	if err != nil {
		return err
	}
	all := make(map[[sha256.Size]byte]*bearer, len(list))
	for _, one := range list {
		b := &bearer{who: Principal{Name: one.Name, tenants: one.Tenants}}
		_, _ = hex.Decode(b.hash[:], []byte(one.SHA256)) // checked
		b.who.verbs, _ = ParseVerbs(one.Verbs)
		all[b.hash] = b
	}
	t.now.Store(&all)
	return nil
}

// find is whose token text is; nil if nobody's.
func (t *Tokens) find(text string) *Principal {
	hash := sha256.Sum256([]byte(text))
	// What the time of the look-up tells is about the hash, of which nobody can
	// choose the beginning; the comparison tells nothing.
	b := (*t.now.Load())[hash]
	if b == nil || subtle.ConstantTimeCompare(hash[:], b.hash[:]) != 1 {
		return nil
	}
	return &b.who
}

// readTokens reads a file strictly.
func readTokens(path string) ([]Token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("tokens: %s: others may write it; chmod 600 %s", path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTokenFile+1))
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if len(text) > maxTokenFile {
		return nil, fmt.Errorf("tokens: %s has more than %d bytes", path, maxTokenFile)
	}
	var list []Token
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		// The decoder's message would show what it did not expect.
		return nil, fmt.Errorf("tokens: %s is not a list of name, sha256, tenants and verbs; live token create makes one", path)
	}
	return list, checkTokens(path, list)
}

func checkTokens(path string, list []Token) error {
	if len(list) > maxTokens {
		return fmt.Errorf("tokens: %s has %d tokens, at most %d are taken", path, len(list), maxTokens)
	}
	names, hashes := map[string]bool{}, map[string]bool{}
	for i, one := range list {
		at := fmt.Sprintf("tokens: %s: token %d", path, i+1)
		switch {
		case !plainName(one.Name):
			return fmt.Errorf("%s has no name of one line without spaces around it", at)
		case names[one.Name]:
			return fmt.Errorf("%s: %q is there twice", at, one.Name)
		case len(one.SHA256) != 2*sha256.Size || strings.Trim(one.SHA256, "0123456789abcdef") != "":
			return fmt.Errorf("%s, %q: sha256 is not 64 hexadecimal digits; keep the hash here, and the token secret", at, one.Name)
		case hashes[one.SHA256]:
			return fmt.Errorf("%s, %q is the token of another name too", at, one.Name)
		case slices.Contains(one.Tenants, ""):
			return fmt.Errorf("%s, %q: a tenant without a name; leave tenants out for a token that is for all", at, one.Name)
		}
		verbs, err := ParseVerbs(one.Verbs)
		if err != nil {
			return fmt.Errorf("%s, %q: %w", at, one.Name, err)
		}
		if len(one.Tenants) > 0 && verbs&(Operate|Agent) != 0 {
			return fmt.Errorf("%s, %q: operate and agent are for the whole server, not for tenants; leave tenants out, or these verbs", at, one.Name)
		}
		names[one.Name], hashes[one.SHA256] = true, true
	}
	return nil
}

// plainName tells whether s can stand in a line of a log.
func plainName(s string) bool {
	return s != "" && len(s) <= 256 && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// CreateToken makes a token, adds it to the file at path, which need not exist
// yet, and returns its text, which nobody can find out later. The file is
// replaced in one step.
func CreateToken(path string, one Token) (text string, err error) {
	var random [32]byte
	rand.Read(random[:])
	text = tokenMark + base64.RawURLEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(text))
	one.SHA256 = hex.EncodeToString(hash[:])
	list, err := readTokens(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	list = append(list, one)
	if err := checkTokens(path, list); err != nil {
		return "", err
	}
	content, err := yaml.Marshal(list)
	if err != nil {
		return "", err
	}
	// Beside it, with the same rights as those of a file that nobody else reads.
	f, err := os.CreateTemp(filepath.Dir(path), ".tokens-*")
	if err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(content); err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	return text, nil
}
