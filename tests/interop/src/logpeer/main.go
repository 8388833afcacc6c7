// SPDX-License-Identifier: Apache-2.0

// logpeer is the other implementation that overt's log code is held against: Go's own
// golang.org/x/mod/sumdb (note, tlog), with cosignature/v1 and the proof format added here.
//
//	logpeer write FOLDER SEED COUNT   random proofs, good and bad, with what to expect of each
//	logpeer check FOLDER SIZE         what log_writer wrote: every note, proof and path
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	algNote  = 1
	algCosig = 4
	origin   = "overt.example/log"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "logpeer:", err)
		os.Exit(1)
	}
}

func demand(ok bool, format string, args ...interface{}) {
	if !ok {
		must(fmt.Errorf(format, args...))
	}
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// key signs and verifies, as a log (algNote) or as a witness at a time (algCosig).
type key struct {
	name string
	alg  byte
	priv ed25519.PrivateKey
	time uint64
}

func newKey(name string, alg byte) *key {
	seed := sha256.Sum256([]byte("overt test key " + name))
	return &key{name: name, alg: alg, priv: ed25519.NewKeyFromSeed(seed[:])}
}

func (k *key) public() []byte { return k.priv.Public().(ed25519.PublicKey) }
func (k *key) Name() string   { return k.name }

func (k *key) KeyHash() uint32 {
	h := sha256.New()
	h.Write([]byte(k.name + "\n"))
	h.Write([]byte{k.alg})
	h.Write(k.public())
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (k *key) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.KeyHash(), b64(append([]byte{k.alg}, k.public()...)))
}

func cosigned(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (k *key) Sign(text []byte) ([]byte, error) {
	if k.alg == algNote {
		return ed25519.Sign(k.priv, text), nil
	}
	field := make([]byte, 8)
	binary.BigEndian.PutUint64(field, k.time)
	return append(field, ed25519.Sign(k.priv, cosigned(k.time, text))...), nil
}

func (k *key) Verify(text, sig []byte) bool {
	if k.alg == algNote {
		return ed25519.Verify(k.public(), text, sig)
	}
	return len(sig) == 72 && ed25519.Verify(k.public(), cosigned(binary.BigEndian.Uint64(sig), text), sig[8:])
}

// store keeps the hashes of a growing tree.
type store []tlog.Hash

func (s store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

func (s *store) add(n int64, entry []byte) {
	hashes, err := tlog.StoredHashes(n, entry, *s)
	must(err)
	*s = append(*s, hashes...)
}

func (s store) root(size int64) tlog.Hash {
	h, err := tlog.TreeHash(size, s)
	must(err)
	return h
}

func leaf(i int64) []byte { return []byte(fmt.Sprintf("overt-leaf-%d\n", i)) }

// ---- write

func writeFile(folder, name string, data []byte) {
	must(os.WriteFile(filepath.Join(folder, name), data, 0644))
}

// writeOne makes one log, policy and proof, perhaps spoils it, and says what to expect.
func writeOne(r *rand.Rand, folder string, number int) string {
	var s store
	size := 1 + r.Int63n(400)
	index := r.Int63n(size)
	entry := make([]byte, r.Intn(2000))
	r.Read(entry)
	for i := int64(0); i < size; i++ {
		if i == index {
			s.add(i, entry)
		} else {
			s.add(i, leaf(i))
		}
	}
	root := s.root(size)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, b64(root[:]))

	n := 1 + r.Intn(6)
	k := 1 + r.Intn(n)
	log := newKey(origin, algNote)
	signers := []note.Signer{log}
	policy := "log " + log.vkey() + "\n"
	group := fmt.Sprintf("group q %d", k)
	var times []uint64
	for i := 0; i < n; i++ {
		w := newKey(fmt.Sprintf("witness-%d.example", i), algCosig)
		w.time = uint64(r.Int63n(4102444800))
		policy += fmt.Sprintf("witness w%d %s\n", i, w.vkey())
		group += fmt.Sprintf(" w%d", i)
		if r.Intn(4) > 0 {
			signers = append(signers, w)
			times = append(times, w.time)
		}
	}
	if r.Intn(3) == 0 { // one that nobody knows
		signers = append(signers, newKey("stranger.example", algNote))
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	must(err)
	path, err := tlog.ProveRecord(size, index, s)
	must(err)
	lines := []string{"c2sp.org/tlog-proof@v1", fmt.Sprintf("index %d", index)}
	if r.Intn(4) == 0 {
		extra := make([]byte, 1+r.Intn(50))
		r.Read(extra)
		lines = []string{lines[0], "extra " + b64(extra), lines[1]}
	}
	head := len(lines)
	for _, h := range path {
		lines = append(lines, b64(h[:]))
	}

	expect := "refuse"
	if len(times) >= k {
		expect = "accept"
	}
	switch spoil := r.Intn(12); {
	case spoil == 0 && size > 1:
		lines[head-1] = fmt.Sprintf("index %d", (index+1)%size)
		expect = "refuse"
	case spoil == 1 && len(path) > 0:
		lines = lines[:len(lines)-1]
		expect = "refuse"
	case spoil == 2:
		lines = append(lines, b64(root[:]))
		expect = "refuse"
	case spoil == 3 && len(path) > 1 && lines[head] != lines[head+1]:
		lines[head], lines[head+1] = lines[head+1], lines[head]
		expect = "refuse"
	case spoil == 4:
		entry = append(entry, '\n')
		expect = "refuse"
	case spoil == 5:
		signed = bytes.Replace(signed, []byte("\n\n"), []byte("\nextension\n\n"), 1)
		expect = "refuse"
	}
	name := strconv.Itoa(number)
	writeFile(folder, name+".policy", []byte(policy+group+"\nquorum q\n"))
	writeFile(folder, name+".entry", entry)
	writeFile(folder, name+".tlog-proof", []byte(strings.Join(lines, "\n")+"\n\n"+string(signed)))
	out := fmt.Sprintf("%s %s %d %d", name, expect, index, size)
	for _, t := range times {
		out += fmt.Sprintf(" %d", t)
	}
	return out + "\n"
}

func write(folder string, seed int64, count int) {
	r := rand.New(rand.NewSource(seed))
	expect := ""
	for i := 0; i < count; i++ {
		expect += writeOne(r, folder, i)
	}
	writeFile(folder, "expect", []byte(expect))
}

// ---- check

func read(folder, name string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, name))
	must(err)
	return data
}

func hashes(lines []string) []tlog.Hash {
	var out []tlog.Hash
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		must(err)
		out = append(out, h)
	}
	return out
}

// openCheckpoint demands four good signatures over this size and root.
func openCheckpoint(data []byte, verifiers note.Verifiers, size int64, root tlog.Hash) {
	n, err := note.Open(data, verifiers)
	must(err)
	demand(len(n.Sigs) == 4 && len(n.UnverifiedSigs) == 0, "%d signatures verify", len(n.Sigs))
	demand(n.Text == fmt.Sprintf("%s\n%d\n%s\n", origin, size, b64(root[:])), "checkpoint %q", n.Text)
}

func names(folder, suffix string) []string {
	found, err := filepath.Glob(filepath.Join(folder, "*"+suffix))
	must(err)
	demand(len(found) > 0, "no *%s", suffix)
	return found
}

func check(folder string, size int64) {
	var s store
	for i := int64(0); i < size; i++ {
		s.add(i, leaf(i))
	}
	root := s.root(size)

	vkeys := strings.Fields(string(read(folder, "keys")))
	demand(len(vkeys) == 4, "%d keys", len(vkeys))
	log, err := note.NewVerifier(vkeys[0]) // Go's own Ed25519 verifier
	must(err)
	all := []note.Verifier{log}
	for i := 1; i < 4; i++ {
		w := newKey(fmt.Sprintf("w%d.example/overt", i), algCosig)
		demand(vkeys[i] == w.vkey(), "key %s, not %s", vkeys[i], w.vkey())
		all = append(all, w)
	}
	verifiers := note.VerifierList(all...)

	n, err := note.Open(read(folder, "text.note"), note.VerifierList(log))
	must(err)
	demand(strings.HasSuffix(n.Text, "and after\n\n"), "text %q", n.Text)
	openCheckpoint(read(folder, "checkpoint"), verifiers, size, root)

	proofs := 0
	for _, path := range names(folder, ".tlog-proof") {
		index, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".tlog-proof"), 10, 64)
		must(err)
		parts := strings.SplitN(string(read(folder, filepath.Base(path))), "\n\n", 2)
		lines := strings.Split(parts[0], "\n")
		demand(lines[0] == "c2sp.org/tlog-proof@v1" && lines[1] == fmt.Sprintf("index %d", index), "head of %s", path)
		proof := tlog.RecordProof(hashes(lines[2:]))
		must(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(leaf(index))))
		if size > 1 { // and so that this can fail
			demand(tlog.CheckRecord(proof, size, root, (index+1)%size, tlog.RecordHash(leaf(index))) != nil, "any index does")
		}
		openCheckpoint([]byte(parts[1]), verifiers, size, root)
		proofs++
	}

	consistent := 0
	for _, path := range names(folder, ".consistency") {
		old, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".consistency"), 10, 64)
		must(err)
		proof := tlog.TreeProof(hashes(strings.Fields(string(read(folder, filepath.Base(path))))))
		must(tlog.CheckTree(proof, size, root, old, s.root(old)))
		consistent++
	}

	paths := 0
	for _, line := range strings.Split(strings.TrimSpace(string(read(folder, "paths"))), "\n") {
		var t tlog.Tile
		var path string
		_, err := fmt.Sscanf(line, "%d %d %d %s", &t.L, &t.N, &t.W, &path)
		must(err)
		t.H = 8
		want := "tile/" + strings.TrimPrefix(t.Path(), "tile/8/") // C2SP leaves the height out
		demand(path == want, "path %s, not %s", path, want)
		paths++
	}
	fmt.Printf("%d proofs, %d consistency proofs, %d paths\n", proofs, consistent, paths)
}

func main() {
	switch {
	case len(os.Args) == 5 && os.Args[1] == "write":
		seed, err := strconv.ParseInt(os.Args[3], 10, 64)
		must(err)
		count, err := strconv.Atoi(os.Args[4])
		must(err)
		write(os.Args[2], seed, count)
	case len(os.Args) == 4 && os.Args[1] == "check":
		size, err := strconv.ParseInt(os.Args[3], 10, 64)
		must(err)
		check(os.Args[2], size)
	default:
		fmt.Fprintln(os.Stderr, "usage: logpeer write FOLDER SEED COUNT | check FOLDER SIZE")
		os.Exit(2)
	}
}
