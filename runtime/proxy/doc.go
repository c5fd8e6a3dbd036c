// Package proxy is a reverse proxy in front of a pool: the first request of a
// session claims an instance, and all requests of the session are forwarded to
// it, until none has come for a while. Then the claim is released.
//
// A session is told by a cookie that the proxy sets and signs, or by a header,
// a query parameter or a segment of the path, as configured. The key of its
// claim tells which session it is of: a proxy that is started again adopts the
// claims that the pool still holds, and the sessions go on.
//
// Requests that come while the instance is not there yet wait; all of a session
// wait for one claim. A browser that navigates gets a page that asks again by
// itself. Where nobody asks any more the claim is withdrawn.
//
// A session ends when it has been idle, when its instance is lost, or when its
// claim was released by someone else; the next request begins anew. A request
// that a lost instance left unanswered is made once more if that does no harm.
// Websockets and answers that go on for long are requests that take their time:
// while one is open the session is not idle.
//
// Package runtime has the host whose claims these are.
package proxy
