package experiments

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"shadowpool/sim"
)

// A picture is one SVG with what is said about it.
type picture struct {
	name    string // of the file, without .svg
	caption string
	svg     []byte
}

// Sizes of pictures.
const (
	pictureWidth  = 9 * vg.Inch
	pictureHeight = 4 * vg.Inch
	legendWidth   = 2.5 * vg.Inch
)

// ink and paper are the colours of text and background; the page replaces
// them, so that pictures follow its light or dark dress.
var (
	ink   = color.RGBA{0x1f, 0x23, 0x28, 0xff}
	paper = color.RGBA{0xfe, 0xfe, 0xfd, 0xff}
	faint = color.RGBA{0xd5, 0xd9, 0xde, 0xff}
)

// hues are colours that people with any colour vision tell apart (Okabe and
// Ito 2008), without the yellow and the black that vanish on white or dark.
var hues = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // green
	{0xcc, 0x79, 0xa7, 0xff}, // purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky
	ink,
}

// grey is for what policies are held against: none, and what sees the future.
var grey = color.RGBA{0x80, 0x80, 0x80, 0xff}

// reference is the number of a series that is grey.
const reference = -1

// A counter numbers series for their colours and dashes.
type counter int

// next is the number of a result's series.
func (c *counter) next(r *sim.Result) int {
	if r.Policy == "none" || !r.Implementable {
		return reference
	}
	*c++
	return int(*c) - 1
}

// dashes tell lines apart that lie on each other, or are of one hue.
var dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(3)}, {vg.Points(1.5), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(1.5), vg.Points(2)}}

// stroke is the line of the i-th series.
func stroke(i int) draw.LineStyle {
	if i == reference {
		return draw.LineStyle{Color: grey, Width: vg.Points(1.8)}
	}
	return draw.LineStyle{
		Color: hues[i%len(hues)], Width: vg.Points(1.8),
		Dashes: dashes[(i+2*(i/len(hues)))%len(dashes)],
	}
}

// glyph is the mark of the i-th series.
func glyph(i int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}}
	if i == reference {
		return draw.GlyphStyle{Color: grey, Radius: vg.Points(3.2), Shape: shapes[0]}
	}
	return draw.GlyphStyle{Color: hues[i%len(hues)], Radius: vg.Points(3.2), Shape: shapes[i%len(shapes)]}
}

// newPlot is an empty plot in the house's dress.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = paper
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		sans := func(size vg.Length) font.Font {
			return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
		}
		a.Label.TextStyle.Font, a.Tick.Label.Font = sans(10), sans(9)
		a.Label.TextStyle.Color, a.Tick.Label.Color = ink, ink
		a.Label.Padding = vg.Points(4)
		a.Color, a.Tick.Color = ink, ink
		a.Width, a.Tick.Width = vg.Points(0.6), vg.Points(0.6)
		a.Padding = vg.Points(2)
	}
	grid := plotter.NewGrid()
	grid.Horizontal = draw.LineStyle{Color: faint, Width: vg.Points(0.5)}
	grid.Vertical = grid.Horizontal
	p.Add(grid)
	return p
}

// A key is a legend beside the plot, where it covers no data.
type key struct{ plot.Legend }

func newKey() *key {
	k := &key{plot.NewLegend()}
	k.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 9}
	k.TextStyle.Color = ink
	k.Top, k.Left = true, true
	k.Padding = vg.Points(3)
	k.ThumbnailWidth = vg.Points(22)
	return k
}

// render draws a plot, and a key beside it if there is one.
func render(name, caption string, p *plot.Plot, k *key) (picture, error) {
	return renderTall(name, caption, p, k, pictureHeight)
}

// renderTall draws a plot of another height.
func renderTall(name, caption string, p *plot.Plot, k *key, height vg.Length) (picture, error) {
	c := vgsvg.New(pictureWidth, height)
	whole := draw.New(c)
	whole.FillPolygon(paper, whole.ClipPolygonXY([]vg.Point{
		whole.Min, {X: whole.Max.X, Y: whole.Min.Y}, whole.Max, {X: whole.Min.X, Y: whole.Max.Y},
	}))
	inside := draw.Crop(whole, vg.Points(6), -vg.Points(10), vg.Points(6), -vg.Points(8))
	if k != nil {
		k.Draw(draw.Crop(inside, pictureWidth-legendWidth, 0, 0, 0))
		inside = draw.Crop(inside, 0, -legendWidth, 0, 0)
	}
	p.Draw(inside)
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return picture{}, err
	}
	// The fonts' metrics are those of Arial; any machine has one like it.
	svg := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))
	return picture{name, caption, svg}, nil
}

// inline is the picture for the page: without the XML prologue, and with
// colours that follow the page's.
func (p picture) inline() string {
	text := string(p.svg)
	if i := strings.Index(text, "<svg"); i >= 0 {
		text = text[i:]
	}
	label := fmt.Sprintf(`<svg role="img" aria-label="%s" `, html.EscapeString(p.caption))
	return strings.NewReplacer(
		"<svg ", label,
		hex(ink), "currentColor", strings.ToLower(hex(ink)), "currentColor",
		hex(paper), "none", strings.ToLower(hex(paper)), "none",
		hex(faint), "var(--faint)", strings.ToLower(hex(faint)), "var(--faint)",
	).Replace(text)
}

func hex(c color.RGBA) string {
	const digits = "0123456789ABCDEF"
	b := []byte{'#'}
	for _, v := range []uint8{c.R, c.G, c.B} {
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}

// logTicks marks powers of ten, and 2 and 5 of each where there is room.
type logTicks struct{ label func(float64) string }

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	low, high := int(math.Floor(math.Log10(least))), int(math.Ceil(math.Log10(most)))
	wide := high-low > 3
	for e := low; e <= high; e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow10(e)
			if v < least*0.999 || v > most*1.001 {
				continue
			}
			tick := plot.Tick{Value: v}
			if m == 1 || !wide {
				tick.Label = t.label(v)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// nineScale spreads shares by their distance from one: 0.9, 0.99 and 0.999
// are equally far apart.
type nineScale struct{}

func ninesOf(share float64) float64 { return -math.Log10(1 - min(share, mostNines)) }

// mostNines is the highest share that a nineScale tells from one.
const mostNines = 0.9999

// Normalize implements plot.Normalizer.
func (nineScale) Normalize(least, most, x float64) float64 {
	return (ninesOf(x) - ninesOf(least)) / (ninesOf(most) - ninesOf(least))
}

func nineTicks() plot.Ticker {
	return plot.TickerFunc(func(least, most float64) []plot.Tick {
		var ticks []plot.Tick
		for _, v := range []float64{0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, mostNines} {
			if v >= least && v <= most {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v*1e4)/100, 'g', -1, 64) + " %"})
			}
		}
		return ticks
	})
}

// roundTicks are about n evenly spaced ticks at round numbers.
func roundTicks(n int) plot.Ticker {
	return plot.TickerFunc(func(least, most float64) []plot.Tick {
		step := math.Pow10(int(math.Floor(math.Log10((most - least) / float64(n)))))
		for _, m := range []float64{1, 2, 5, 10} {
			if (most-least)/(step*m) <= float64(n) {
				step *= m
				break
			}
		}
		var ticks []plot.Tick
		for i := math.Ceil(least / step); i*step <= most+1e-9*step; i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: tickLabel(i * step)})
		}
		return ticks
	})
}

// tickLabel is a number on an axis.
func tickLabel(v float64) string {
	if math.Abs(v) >= 1000 {
		return grouped(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// fileName is text as a part of a file's name.
func fileName(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(text)), "-.")
}

// bounds are the least and greatest of some numbers.
func bounds(values []float64) (least, most float64) {
	return slices.Min(values), slices.Max(values)
}
