// Checks checkpoints and proofs of the ledger with Go's own tlog and note packages, which know nothing of it.
//
//	tlogcheck record VKEY PROOF ENTRY      a tlog-proof file, and the bytes of the entry
//	tlogcheck tree VKEY OLD NEW PATH       two checkpoints, and the hashes between them, base64, one a line
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func run(args []string) error {
	known, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	if args[0] == "tree" {
		return tree(known, args[2], args[3], args[4])
	}
	return record(known, args[2], args[3])
}

func record(known note.Verifier, proofFile, entryFile string) error {
	file, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	head, checkpoint, _ := strings.Cut(string(file), "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	size, root, err := open(known, []byte(checkpoint))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry))
}

func tree(known note.Verifier, oldFile, newFile, pathFile string) error {
	var sizes [2]int64
	var roots [2]tlog.Hash
	for i, name := range []string{oldFile, newFile} {
		checkpoint, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if sizes[i], roots[i], err = open(known, checkpoint); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(pathFile)
	if err != nil {
		return err
	}
	path, err := hashes(strings.Fields(string(text)))
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, sizes[1], roots[1], sizes[0], roots[0])
}

func open(known note.Verifier, checkpoint []byte) (int64, tlog.Hash, error) {
	opened, err := note.Open(checkpoint, note.VerifierList(known))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	found := []tlog.Hash{}
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}
