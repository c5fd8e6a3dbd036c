// Package bootstrap says how far a figure hangs on the days that happened to be
// measured: it draws the days of a span again, and makes 95 % intervals of what
// a figure is on them.
//
// Days are neither independent nor alike: a busy day follows a busy day, and
// Sundays are no Mondays. So they are drawn in blocks of days in a row: of a
// week, or of Politis and White's length where that is longer, and of a quarter
// of the days where those are few. (By that length alone intervals of some weeks
// are too narrow: from so few days it is found too short.) Where there are two
// weeks or more each block begins on the day of the week that its place has
// (Dudek, Leskow, Paparoditis and Politis, A generalized block bootstrap for
// seasonal time series, Journal of Time Series Analysis 35, 2014), so that the
// difference between days of the week is not taken for chance.
//
// Resampled figures vary less than the figure does, the more so the fewer
// blocks there are. Intervals are stretched for that by Student's t, as
// Hesterberg does (What teachers should know about the bootstrap, The American
// Statistician 69, 2015) and as intervals of batch means are made.
package bootstrap
