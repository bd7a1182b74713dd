// Verifies a log of C2SP tlog-tiles with golang.org/x/mod/sumdb alone: verify <address> <verifier key> <indexes> [<older checkpoint>].
// The address is a folder with checkpoint and tile/, or the URL of a service, whose key is in AUTHORIZATION.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var address = os.Args[1]

func check(err error, what string) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	if !strings.HasPrefix(address, "http") {
		data, err := os.ReadFile(filepath.Join(address, path))
		check(err, path)
		return data
	}
	request, err := http.NewRequest("GET", address+"/"+path, nil)
	check(err, path)
	request.Header.Set("Authorization", os.Getenv("AUTHORIZATION"))
	response, err := http.DefaultClient.Do(request)
	check(err, path)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	check(err, path)
	if response.StatusCode != 200 {
		check(fmt.Errorf("status %d: %s", response.StatusCode, data), path)
	}
	return data
}

type tiles struct{ read int }

func (t *tiles) Height() int                            { return 8 }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte)        {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		t.read++
		// tlog-tiles leaves the height out, and calls the entries by name.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		all = append(all, read(path))
	}
	return all, nil
}

func open(signed []byte, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	check(err, "key")
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("it is of %s", lines[0]), "checkpoint")
	}
	// The text of a tree in the format of the Go checksum database, which has another first line.
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.Join(lines[1:], "\n")))
	check(err, "checkpoint")
	return tree
}

func entryOf(index, size int64) []byte {
	n, width := index/256, size-index/256*256
	if width > 256 {
		width = 256
	}
	tile := tlog.Tile{H: 8, L: -1, N: n, W: int(width)}
	path := strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
	bundle := bytes.NewReader(read(path))
	for i := int64(0); ; i++ {
		var length uint16
		check(binary.Read(bundle, binary.BigEndian, &length), path)
		entry := make([]byte, length)
		_, err := io.ReadFull(bundle, entry)
		check(err, path)
		if i == index%256 {
			return entry
		}
	}
}

func main() {
	key := os.Args[2]
	tree := open(read("checkpoint"), key)
	reader := &tiles{}
	// Each hash that it returns is authenticated against the tree.
	hashes := tlog.TileHashReader(tree, reader)
	for _, text := range strings.Split(os.Args[3], ",") {
		index, err := strconv.ParseInt(text, 10, 64)
		check(err, "index")
		leaf := tlog.RecordHash(entryOf(index, tree.N))
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		check(err, "inclusion")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf), "inclusion of "+text)
	}
	if len(os.Args) > 4 {
		signed, err := os.ReadFile(os.Args[4])
		check(err, "older checkpoint")
		older := open(signed, key)
		proof, err := tlog.ProveTree(tree.N, older.N, hashes)
		check(err, "consistency")
		check(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash), "consistency")
	}
	fmt.Printf("verified %d\n", tree.N)
}
