import type { ReportDocument } from './document.ts'

/**
 * `VERIFY.md` of a bundle: how to check it, with our program and without. It is one of the files that the manifest lists, so
 * it names nothing that comes later.
 */
export const verifyText = ({
	title,
	status,
	template,
}: ReportDocument): string => `# How to verify this bundle

${title} (template \`${template}\`).${status === 'draft' ? '\n\n**DRAFT.** Nobody has approved this report. Its entry in the ledger is `create-report`.' : ' Approved: its entry in the ledger is `sign-report`.'}

You need the verifier key of the ledger, from its operator and not from this bundle: one line, \`NAME+HASH+BASE64\`. Below it is
in the file \`key.vkey\`, one folder above the unpacked bundle.

## With Plumbline

    plumbline audit verify bundle.zip --key key.vkey

Exit code 0: everything is as it was signed. 1: something is not. 2: it cannot be verified.

## With standard tools

1. The files are those of the manifest.

       jq -r '.files[] | .sha256 + "  " + .path' manifest.json | sha256sum -c

2. The entry of the report in the ledger has the digest of the manifest.

       grep -c "\\"after\\":\\"sha256:$(sha256sum < manifest.json | cut -d ' ' -f 1)\\"" proofs/report.entry

3. The checkpoint is signed with the key (OpenSSL 3).

       sed '/^$/,$d' checkpoint > /tmp/text
       tail -n 1 checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c 64 > /tmp/signature
       (printf '\\x30\\x2a\\x30\\x05\\x06\\x03\\x2b\\x65\\x70\\x03\\x21\\x00'; cut -d + -f 3- ../key.vkey | base64 -d | tail -c 32) > /tmp/key.der
       openssl pkeyutl -verify -pubin -inkey /tmp/key.der -keyform DER -rawin -in /tmp/text -sigfile /tmp/signature

4. The entry is in the tree of the checkpoint, and the entries of the bundle are that tree: with Go's \`golang.org/x/mod\`. Save
   this as \`verify.go\` in an empty folder, then \`go mod init verify && go get golang.org/x/mod && go run . ../bundle ../key.vkey\`.

${goProgram()
	.split('\n')
	.map((line) => (line === '' ? '' : `       ${line}`))
	.join('\n')}

## What is in the bundle

- \`report.json\`, \`.html\`, \`.csv\`, \`.pdf\`: the report. All have the same content.
- \`data/\`: what it was computed from. \`law.yaml\`: the law as it was in force.
- \`salt\`, in reports about a person: a secret that keeps anybody from guessing what they said once they are erased.
- \`manifest.json\`: the SHA-256 of each of these files.
- \`checkpoint\`: the signed root of the ledger. \`proofs/report.entry\` and \`proofs/report.tlog-proof\`: the report's entry and
  its proof (C2SP tlog-proof).
- \`tile/\`: the whole ledger up to the checkpoint (C2SP tlog-tiles). It has the entries of all models, so it is left out for
  readers whose scope is narrower; the steps above except the last part of 4 work without it.
`

const goProgram = (): string => `package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func read(parts ...string) []byte {
	bytes, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}

// path is the path of a tile in C2SP tlog-tiles.
func path(n, width int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	if width < 256 {
		text += fmt.Sprintf(".p/%d", width)
	}
	return text
}

func main() {
	bundle := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(os.Args[2]))))
	if err != nil {
		log.Fatal(err)
	}
	opened, err := note.Open(read(bundle, "checkpoint"), note.VerifierList(verifier))
	if err != nil {
		log.Fatal("checkpoint: ", err)
	}
	lines := strings.Split(opened.Text, "\\n")
	var size int64
	fmt.Sscan(lines[1], &size)
	var root tlog.Hash
	raw, _ := base64.StdEncoding.DecodeString(lines[2])
	copy(root[:], raw)

	proof := strings.Split(string(read(bundle, "proofs", "report.tlog-proof")), "\\n")
	var index int64
	fmt.Sscanf(proof[1], "index %d", &index)
	var hashes tlog.RecordProof
	for _, line := range proof[2:] {
		if line == "" {
			break
		}
		var hash tlog.Hash
		raw, _ := base64.StdEncoding.DecodeString(line)
		copy(hash[:], raw)
		hashes = append(hashes, hash)
	}
	entry := read(bundle, "proofs", "report.entry")
	if err := tlog.CheckRecord(hashes, size, root, index, tlog.RecordHash(entry)); err != nil {
		log.Fatal("proofs/report.tlog-proof: ", err)
	}
	fmt.Println("the report is entry", index, "of", size)

	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			found[i] = stored[at]
		}
		return found, nil
	})
	for n := int64(0); n*256 < size; n++ {
		width := min(256, size-n*256)
		bytes := read(bundle, "tile", "entries", path(n, width))
		for i := int64(0); i < width; i++ {
			length := int(binary.BigEndian.Uint16(bytes))
			added, err := tlog.StoredHashes(n*256+i, bytes[2:2+length], reader)
			if err != nil {
				log.Fatal(err)
			}
			stored = append(stored, added...)
			bytes = bytes[2+length:]
		}
	}
	whole, err := tlog.TreeHash(size, reader)
	if err != nil || whole != root {
		log.Fatal("tile/entries: not the tree that was signed")
	}
	fmt.Println("all", size, "entries are those that were signed")
}
`
