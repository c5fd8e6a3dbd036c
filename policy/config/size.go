package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// size is a number of bytes with a unit.
func size(to *int64, least int64) schema {
	return scalar[int64]{to, func(n *yaml.Node) (int64, error) {
		digits := strings.TrimRight(n.Value, "BKMGTikmgt")
		unit, known := map[string]float64{
			"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
		}[strings.TrimSpace(n.Value[len(digits):])]
		f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !known || !(f >= 0) || f*unit > maxBytes {
			return 0, errors.New("want a size with a unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), such as 20GiB")
		}
		if b := int64(math.Round(f * unit)); b >= least {
			return b, nil
		}
		return 0, fmt.Errorf("want at least %d MiB", least>>20)
	}}
}
