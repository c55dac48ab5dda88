package shard_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/key"
	topodata "vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/berthdb/berth/shard"
)

// vindex is Vitess's own xxhash vindex. Berth's keyspace ids must equal what it
// makes, byte for byte, so that a Vitess cluster can take over the same shards.
func vindex(t testing.TB) vindexes.SingleColumn {
	t.Helper()
	v, err := vindexes.CreateVindex("xxhash", "xxhash", nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.(vindexes.SingleColumn)
}

// checkVitess compares one member's keyspace id with what Vitess maps the
// value of its column to.
func checkVitess(t testing.TB, v vindexes.SingleColumn, m shard.Member, column sqltypes.Value) {
	t.Helper()
	b := m.KeyspaceID().Bytes()
	ids := []sqltypes.Value{column}
	ok, err := v.Verify(t.Context(), nil, ids, [][]byte{b[:]})
	if err != nil {
		t.Fatal(err)
	}
	to, err := v.Map(t.Context(), nil, ids)
	if err != nil {
		t.Fatal(err)
	}
	if want := key.DestinationKeyspaceID(b[:]); !ok[0] || to[0].String() != want.String() {
		t.Fatalf("member %s has the keyspace id %x; Vitess maps %s to %s", m, b, column, to[0])
	}
}

func TestKeyspaceIDsEqualVitess(t *testing.T) {
	v := vindex(t)
	signed := []int64{0, 1, -1, 42, -42, math.MaxInt64, math.MinInt64}
	unsigned := []uint64{0, 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}
	for n := uint64(1); n < math.MaxUint64/10; n *= 10 { // where the text grows
		unsigned = append(unsigned, n-1, n, n+1)
		signed = append(signed, -int64(n-1), -int64(n), -int64(n+1))
	}
	texts := []string{"a", "Ä", "日本語", "🙂", "0", "042", "+1", "-0", " 42", "1e3", "18446744073709551616", strings.Repeat("x", 255)}
	for n := range 100 { // every length around the hash's blocks of 4, 8 and 32 bytes
		texts = append(texts, strings.Repeat("ab", 50)[:n+1])
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		signed = append(signed, int64(r.Uint64())>>r.IntN(64))
		unsigned = append(unsigned, r.Uint64()>>r.IntN(64))
		texts = append(texts, uuid(r))
	}
	for _, n := range signed {
		checkVitess(t, v, shard.Int(n), sqltypes.NewInt64(n))
	}
	for _, n := range unsigned {
		checkVitess(t, v, shard.Uint(n), sqltypes.NewUint64(n))
	}
	for _, s := range texts {
		checkVitess(t, v, mustMember(t, s), sqltypes.NewVarChar(s))
	}
}

// The golden vectors were made by Vitess's vindex. They hold the keyspace ids
// still where Vitess or the hash's library is upgraded: rows lie where these
// say.
func TestGoldenKeyspaceIDs(t *testing.T) {
	f, err := os.Open("testdata/keyspace_ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, lines := vindex(t), 0
	for in := bufio.NewScanner(f); in.Scan(); {
		id, kid, ok := strings.Cut(in.Text(), "\t")
		if !ok {
			continue // a heading
		}
		lines++
		m := mustMember(t, id)
		if got := m.KeyspaceID().String(); got != kid {
			t.Errorf("member %s has the keyspace id %s, not %s", id, got, kid)
		}
		checkVitess(t, v, m, sqltypes.NewVarChar(id))
	}
	if lines < 30 {
		t.Errorf("%d golden vectors; the file has lost some", lines)
	}
}

func vitessRange(r shard.Range) *topodata.KeyRange {
	end := func(k shard.KeyspaceID) []byte {
		if k == 0 {
			return nil
		}
		b := k.Bytes()
		return b[:]
	}
	return key.NewKeyRange(end(r.Start), end(r.End))
}

func TestRangesEqualVitess(t *testing.T) {
	for _, s := range []string{"-", "-80", "80-", "40-80", "-4000", "0001-01", "c0ffee-c0fff0", "ff-", "7fffffffffffffff-8000000000000001"} {
		r, err := shard.ParseRange(s)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := key.ParseShardingSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(theirs) != 1 || !key.KeyRangeEqual(theirs[0], vitessRange(r)) {
			t.Errorf("%s is %s here and %v at Vitess", s, r, theirs)
		}
		if back := key.KeyRangeString(key.NewKeyRange(key.Normalize(theirs[0].Start), key.Normalize(theirs[0].End))); s != "-4000" && s != "7fffffffffffffff-8000000000000001" && back != r.String() {
			t.Errorf("%s is written %s here and %s by Vitess", s, r, back)
		}
		if !key.IsValidKeyRange(r.String()) {
			t.Errorf("Vitess takes %s for no shard's name", r)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 5000 {
		a, b := randomRange(r), randomRange(r)
		va, vb := vitessRange(a), vitessRange(b)
		k := shard.KeyspaceID(r.Uint64())
		switch r.IntN(3) {
		case 0:
			k = a.Start
		case 1:
			k = a.End - shard.KeyspaceID(r.IntN(2))
		}
		kb := k.Bytes()
		for _, c := range []struct {
			what         string
			ours, theirs bool
		}{
			{fmt.Sprintf("contains %s", k), a.Contains(k), key.KeyRangeContains(va, kb[:])},
			{fmt.Sprintf("covers %s", b), a.Covers(b), key.KeyRangeContainsKeyRange(va, vb)},
			{fmt.Sprintf("overlaps %s", b), a.Overlaps(b), key.KeyRangeIntersect(va, vb)},
			{fmt.Sprintf("sorts before %s", b), a.Compare(b) < 0, key.KeyRangeCompare(va, vb) < 0},
		} {
			if c.ours != c.theirs {
				t.Fatalf("%s %s: %v here, %v at Vitess", a, c.what, c.ours, c.theirs)
			}
		}
	}
}

// randomRange has ends that are often equal or next to those of another.
func randomRange(r *rand.Rand) shard.Range {
	end := func() shard.KeyspaceID { return shard.KeyspaceID(r.Uint64N(5))<<62 + shard.KeyspaceID(r.Uint64N(3)) }
	for {
		if g := (shard.Range{Start: end(), End: end()}); g.End == 0 || g.Start < g.End {
			return g
		}
	}
}

func TestDealEqualsVitessForPowersOfTwo(t *testing.T) {
	for n := 1; n <= 4096; n *= 2 {
		width := 2
		if n > 256 {
			width = 4
		}
		theirs, err := key.GenerateShardRanges(n, width)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range shard.Deal(n) {
			v, err := shard.ParseRange(theirs[i])
			if err != nil || v != r {
				t.Fatalf("range %d of %d is %s here and %s at Vitess (%v)", i, n, r, theirs[i], err)
			}
		}
	}
}

// Vitess has the same number, and bytes, as Uint64Key.
func TestKeyspaceIDBytes(t *testing.T) {
	k := shard.KeyspaceID(0x0123456789abcdef)
	b := k.Bytes()
	if got := hex.EncodeToString(b[:]); got != k.String() || got != hex.EncodeToString(key.Uint64Key(k).Bytes()) {
		t.Errorf("keyspace id %s has the bytes %s", k, got)
	}
}
