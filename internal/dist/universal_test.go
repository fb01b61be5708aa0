package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
)

// program is the least that counts as a Mach-O program.
func program(cpu macho.Cpu, text string) []byte {
	header := macho.FileHeader{Magic: macho.Magic64, Cpu: cpu, SubCpu: 3, Type: macho.TypeExec}
	content := bytes.NewBuffer(nil)
	_ = binary.Write(content, binary.LittleEndian, header)
	content.Write(make([]byte, 4)) // reserved
	content.WriteString(text)
	return content.Bytes()
}

func TestUniversalBinaryHoldsEachProgramUnchanged(t *testing.T) {
	programs := [][]byte{program(macho.CpuAmd64, "one"), program(macho.CpuArm64, strings.Repeat("other", 9999))}
	universal, err := joined([]slice{{"amd64", programs[0]}, {"arm64", programs[1]}})
	if err != nil {
		t.Fatal(err)
	}
	read, err := macho.NewFatFile(bytes.NewReader(universal))
	if err != nil {
		t.Fatal(err)
	}
	var cpus []macho.Cpu
	for i, arch := range read.Arches {
		cpus = append(cpus, arch.Cpu)
		content, err := io.ReadAll(io.NewSectionReader(bytes.NewReader(universal), int64(arch.Offset), int64(arch.Size)))
		if err != nil || !bytes.Equal(content, programs[i]) {
			t.Errorf("the program for %s is another in the universal binary (%v)", arch.Cpu, err)
		}
		if arch.Offset%(1<<arch.Align) != 0 || arch.Align != sliceAlignment {
			t.Errorf("the program for %s begins at %d", arch.Cpu, arch.Offset)
		}
	}
	if !slices.Equal(cpus, []macho.Cpu{macho.CpuAmd64, macho.CpuArm64}) {
		t.Errorf("the universal binary is for %v", cpus)
	}
}

func TestOnlyMachOIsJoined(t *testing.T) {
	if _, err := joined([]slice{{"arm64", []byte("\x7fELF")}}); err == nil || !strings.Contains(err.Error(), "arm64") {
		t.Errorf("joined what is no Mach-O: %v", err)
	}
}
