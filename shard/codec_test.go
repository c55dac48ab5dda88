package shard_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func TestTextIsStable(t *testing.T) {
	d := document()
	f := freeze("c", "job1/1")
	d.Ranges[1].Frozen = &f
	d.Change.Reason = "more room for <b>"
	m := mustMap(t, d)
	golden(t, "map.json", m.Text())
	if m.Digest() == mustMap(t, document()).Digest() {
		t.Error("two different maps have one digest")
	}
}

// golden compares with a file of testdata; BERTH_UPDATE=1 writes it anew.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("BERTH_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s:\n%s", path, got)
	}
}

func TestRoundTrip(t *testing.T) {
	odd := document()
	odd.Change = shard.Change{Author: "Ä <&>\u2028", Reason: "a \xff byte, a \"quote\", a \\ and a\nline"}
	odd.Epoch = 1<<64 - 1
	odd.Pins = append(odd.Pins, shard.Entry{Span: shard.Span{Pin: shard.Uint(1<<64 - 1)}, Shard: "a"})
	empty := document()
	empty.Pins, empty.Tables = nil, nil
	for name, d := range map[string]shard.Document{"plain": document(), "odd": odd, "empty": empty, "largest": largest(t).Document()} {
		t.Run(name, func(t *testing.T) {
			m := mustMap(t, d)
			b, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := shard.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(back.Text(), m.Text()) || back.Digest() != m.Digest() || back.Change() != m.Change() {
				t.Errorf("encoded, then decoded, the map is another:\n%.2000s", back.Text())
			}
			if again, _ := back.Encode(); !bytes.Equal(again, b) {
				t.Error("encoded again, the map has other bytes")
			}
		})
	}
}

func TestLargestMapFitsConsulValue(t *testing.T) {
	b, err := largest(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("4,096 ranges and 10,000 pins take %d bytes of %d", len(b), shard.MaxStored)
}

func TestCompressesFrom64KiB(t *testing.T) {
	d := document()
	for i := 0; ; i++ {
		m := mustMap(t, d)
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		large, packed := len(m.Text()) >= 64<<10, b[0] == 0x1f
		if large != packed {
			t.Fatalf("a text of %d bytes is compressed: %v", len(m.Text()), packed)
		}
		if large {
			return
		}
		for j := range 50 {
			d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: shard.Int(int64(1000 + 50*i + j))}, Shard: "a"})
		}
	}
}

func TestEncodeRefusesWhatConsulWould(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	d := document()
	d.Members.Type = shard.String
	for range 40_000 {
		d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: mustMember(t, uuid(r))}, Shard: "a"})
	}
	b, err := mustMap(t, d).Encode()
	if !errors.Is(err, shard.ErrTooLarge) || !strings.Contains(err.Error(), "unpin members (it has 2 ranges, 40002 pins)") || b != nil {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	text := string(mustMap(t, document()).Text())
	replace := func(old, new string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("the text has no %s", old)
		}
		return []byte(strings.Replace(text, old, new, 1))
	}
	packed := pack([]byte(text))
	broken := bytes.Clone(packed)
	broken[len(broken)-6] ^= 1 // the checksum
	for name, tc := range map[string]struct {
		b   []byte
		why string
	}{
		"nothing":               {nil, "not JSON"},
		"not JSON":              {[]byte("hello"), "not JSON"},
		"null":                  {[]byte("null"), "names no format"},
		"a list":                {[]byte("[]"), "not JSON"},
		"no format":             {[]byte("{}"), "names no format"},
		"cut off":               {[]byte(text[:len(text)/2]), "not JSON"},
		"followed by more":      {[]byte(text + "{}"), "not JSON"},
		"newer, with new parts": {replace(`"format": 1`, `"format": 2, "regions": []`), "format 2 and this berth knows up to 1: upgrade"},
		"older":                 {replace(`"format": 1`, `"format": 0`), "format 0"},
		"unknown field":         {replace(`"epoch": 7`, `"epoch": 7, "regions": []`), `unknown field "regions"`},
		"unknown inner field":   {replace(`"shard":"a"`, `"shard":"a","owner":"b"`), `unknown field "owner"`},
		"epoch as text":         {replace(`"epoch": 7`, `"epoch": "7"`), "epoch"},
		"epoch too large":       {replace(`"epoch": 7`, `"epoch": 18446744073709551616`), "epoch"},
		"negative epoch":        {replace(`"epoch": 7`, `"epoch": -7`), "epoch"},
		"bad range":             {replace(`"span":"-80"`, `"span":"80"`), "no hyphen"},
		"bad pin":               {replace(`member:-7`, `member:`), "it is empty"},
		"gap":                   {replace(`"span":"-80"`, `"span":"-7f"`), "no range covers"},
		"no end":                {packed[:len(packed)-8], "EOF"},
		"checksum":              {broken, "checksum"},
		"packed, then more":     {append(bytes.Clone(packed), "more"...), "EOF"},
		"packed header only":    {packed[:4], "EOF"},
		"packed twice":          {pack(packed), "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := shard.Decode(tc.b)
			if !errors.Is(err, shard.ErrCorrupt) || !strings.Contains(err.Error(), tc.why) || m != nil {
				t.Errorf("map %v, error %v; want an ErrCorrupt that says %q", m, err, tc.why)
			}
		})
	}
}

func pack(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err1 := w.Write(b)
	if err := errors.Join(err1, w.Close()); err != nil {
		panic(err)
	}
	return z.Bytes()
}

// A small value that unpacks to a very large one is refused before memory is.
func TestDecodeRefusesBomb(t *testing.T) {
	bomb := pack(bytes.Repeat([]byte(" "), 17<<20))
	if len(bomb) > shard.MaxStored {
		t.Fatalf("the bomb has %d bytes, more than a store would hold", len(bomb))
	}
	if _, err := shard.Decode(bomb); !errors.Is(err, shard.ErrCorrupt) || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("error %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	text := mustMap(f, document()).Text()
	f.Add(text)
	f.Add(pack(text))
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(fmt.Sprintf(`{"format":1,"cluster":"c","epoch":1,"members":{"type":"string","column":"m"},"shards":[{"name":"a","database":"d","primary":{"address":"h:1"}}],"ranges":[{"span":"-","shard":"a","frozen":{"to":"a"}}],"change":{"time":"%s"}}`, "9999-12-31T23:59:59-12:00")))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := shard.Decode(b)
		if err != nil {
			if !errors.Is(err, shard.ErrCorrupt) || m != nil {
				t.Fatalf("map %v, error %v", m, err)
			}
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := shard.Decode(again)
		if err != nil || !bytes.Equal(back.Text(), m.Text()) {
			t.Fatalf("encoded and decoded again (%v):\n%s\nnot\n%s", err, back.Text(), m.Text())
		}
		checkLookup(t, m, shard.Int(42))
	})
}
