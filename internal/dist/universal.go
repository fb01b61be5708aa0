package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"fmt"
)

// slice is the program for one processor.
type slice struct {
	arch    string
	content []byte
}

// sliceAlignment is the power of two that slices begin at: 16 KiB, the larger of the
// two processors' pages.
const sliceAlignment = 14

// joined is a universal Mach-O binary of the slices.
func joined(slices []slice) ([]byte, error) {
	header := bytes.NewBuffer(nil)
	word := func(values ...uint32) {
		for _, v := range values {
			header.Write(binary.BigEndian.AppendUint32(nil, v))
		}
	}
	word(macho.MagicFat, uint32(len(slices)))
	const fatHeader, fatArch = 8, 20
	end := fatHeader + fatArch*len(slices)
	var offsets []int
	for _, s := range slices {
		parsed, err := macho.NewFile(bytes.NewReader(s.content))
		if err != nil {
			return nil, fmt.Errorf("the program for %s: %w", s.arch, err)
		}
		offset := aligned(end)
		word(uint32(parsed.Cpu), parsed.SubCpu, uint32(offset), uint32(len(s.content)), sliceAlignment)
		offsets = append(offsets, offset)
		end = offset + len(s.content)
	}
	universal := make([]byte, end)
	copy(universal, header.Bytes())
	for i, s := range slices {
		copy(universal[offsets[i]:], s.content)
	}
	return universal, nil
}

func aligned(offset int) int {
	const unit = 1 << sliceAlignment
	return (offset + unit - 1) / unit * unit
}
