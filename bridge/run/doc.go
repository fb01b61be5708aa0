// Package run holds a message sent to an agent and everything the agent does
// about it: a [Run].
//
// Agents work for minutes, callers wait for less than one. So a run belongs to
// its [Manager], not to the call that began it: the vendor stops a run when the
// reader of its stream goes away, and here the reader stays until the agent has
// finished, whatever becomes of the caller. [Manager.Start] begins a run or
// joins the one that is already answering the same question;
// [Manager.Find] finds one again by its [ID], live or by reading the
// conversation, for an ID says all that a process which never saw the run needs.
//
// A message is sent at most once. Where the outcome of sending is unknown, the
// conversation is read to find out; it is never sent again on a guess.
package run
