package policy

// A preload is what a pool does between its last use and the next: instances
// are kept for a while, and one is there in each of a few windows in which the
// next request is expected.
type preload struct {
	Keep    int64 // how long an instance is kept after its use, ns
	Windows [preloadWindows]preloadWindow
	N       int // windows in use, ascending and apart
}

// preloadWindow is from when to when an instance is to be warm, ns after the
// last use.
type preloadWindow struct{ From, To int64 }

// preloadWindows bounds the windows of a pool.
const preloadWindows = 3

// at is the level at t of a pool that was last used at used, and when it
// changes. A window is entered a lead time before it begins.
func (l *preload) at(t, used Time, lead int64) (Level, Time) {
	for _, w := range l.Windows[:l.N] {
		from := max(used+w.From-lead, used)
		switch {
		case t < from:
			return Level{Keep: l.Keep}, from
		case t < used+w.To:
			return Level{Stock: 1, Keep: max(l.Keep, w.To-w.From)}, used + w.To
		}
	}
	return Level{Keep: l.Keep}, Never
}

// add adds a window, which begins after those that there are. One that begins
// before instances are given up keeps them instead, and windows that overlap
// are joined.
func (l *preload) add(from, to int64) {
	switch last := l.N - 1; {
	case from <= l.Keep:
		l.Keep = max(l.Keep, to)
	case last >= 0 && from <= l.Windows[last].To:
		l.Windows[last].To = max(l.Windows[last].To, to)
	default:
		l.Windows[l.N] = preloadWindow{from, to}
		l.N++
	}
}
