// Package tournament runs other policies beside the live one on the same requests,
// decisions only, and says when one of them is better.
//
// A Tournament is an observer of a host. It copies what happens out of the loop into
// a channel, and a goroutine of its own drives a policy.Controller for each
// contender, and one for the live policy, in worlds of virtual instances:
//
//   - A request comes to every world when it really came, and is served as long as it
//     was really served. That is known at its release only, so a world follows reality
//     at a distance: no event of a world is carried out before everything is known that
//     might come before it. A world in which requests are served sooner than in reality
//     lags by that much.
//   - A launch takes what the pool's latest launches really took, drawn by its number:
//     the n-th of a pool draws the same share in every world. Until one became warm
//     it is the lead time that is configured.
//   - What the client withdrew waits until then; a world that has served it sooner has it
//     released then.
//
// The live policy's world is compared with the others', not reality, so that what the
// model has wrong is wrong in both. Reality is reckoned too, beside it.
//
// Figures are by block of time. Several blocks make an observation, of which the
// differences to the live policy enter a confidence sequence (package confidence): a
// switch is proposed when the cost is less, and the service not worse than a margin,
// whatever the number of looks at it. See docs/tournament.md.
package tournament
