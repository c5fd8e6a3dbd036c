package agent

// confineVerb is the argument by which this program becomes Confine.
const confineVerb = "confine"
