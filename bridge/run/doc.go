// Package run holds a message sent to an agent and everything the agent does
// about it: a [Run].
//
// Agents work for minutes, callers wait for less than one. So a run belongs to
// its [Manager], not to the call that began it. [Manager.Start] begins a run or
// joins the one that is already answering the same question; [Manager.Find] finds
// one again by its [ID], live or by reading the conversation, for an ID says all
// that a process which never saw the run needs.
//
// # Two ways to send
//
// A stream shows the agent at work, and the vendor stops the agent when the reader
// of its stream goes away: so the reader belongs to the run, whatever becomes of
// the caller. A synchronous post shows nothing until the end, and the agent
// finishes whatever becomes of this process; what is written meanwhile is read from
// the conversation. [Sending] chooses.
//
// # No message twice
//
// The API takes no key with a message, so that a message which arrives twice is
// acted upon twice. It keeps the order of a conversation, stores the message of a
// user before the agent begins, and answers once it has done what it will do. From
// these three follows what is known at each point where a connection or a process
// can end:
//
//   - Before the connection stands, or while a file goes up before the message:
//     nothing was sent. It is tried again, or reported as not delivered.
//   - The tenant answers 4xx (but for 408, 425 and 429): it understood the message
//     and refused it. It is not sent again; the answer says why.
//   - The tenant itself answers 429 or 5xx, in its own envelope: it has done what it
//     will do. The conversation then tells whether the message was stored. Where it
//     stands, the run is followed. Where it does not, at once and after a pause, it
//     never arrived, and is sent again, three times at most.
//   - The connection ends before an answer, or a gateway answers in the tenant's
//     place: the message may be stored, or still be on its way, behind the gateway or
//     behind another message that the agent is busy with. The conversation is read
//     until it stands still. Where the message shows up, the run is followed. Where it
//     does not, nothing can be proved, and it is not sent again: the run ends as
//     failed, says that the message was not confirmed, and whoever asks the same
//     again has the conversation read once more before anything is sent.
//   - After the first event of a stream, or while a post waits: the message is
//     stored. Whatever breaks, the conversation is followed until the answer stands
//     complete.
//   - This process ends: a posted run goes on, a streamed one is stopped by the
//     vendor. The ID says which, and where the answer stands, so that any process
//     reads it there. A process that ends between sending and telling its caller the
//     ID leaves the message in the conversation: the same question in the same
//     thread finds it there while it is being answered, and one with an idempotency
//     key after that too, while nothing else was said and for as long as [Config]
//     says.
//
// In one process the same words in the same thread are the same question until
// somebody has been told how its run ended, and with a key for as long as the run is
// remembered. A run that is known by its conversation alone, and has ended by that,
// is looked at anew whenever it is asked for.
//
// What the API leaves undecidable: whether the last message of a thread was sent
// with the key that a caller of another process gives now (it is taken for the same,
// where the words are); whether an unanswered message is lost or late;
// whether an agent that writes nothing is at work, where its stream is not held
// here (it counts as interrupted after a time, and is looked at anew each time it
// is asked for); whether the last words of an answer that is read from the
// conversation are a question, as only a stream marks that; and whether two callers
// of different processes who send the same words at the same moment mean one
// message or two. A run never claims more than it knows.
package run
