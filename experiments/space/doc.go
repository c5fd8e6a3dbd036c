// Package space describes what may be varied: the values that a parameter can
// take, as a list or as a range, laid on a line from 0 to 1.
package space
