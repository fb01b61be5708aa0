package run

import "fmt"

// Way is how a message was sent, which decides what becomes of the run when the
// process that sent it ends.
type Way uint8

// The zero Way is for messages that were found in a conversation.
const (
	Found    Way = iota // by whom and how it was sent is not known
	Streamed            // the agent stops when the reader of its stream goes away
	Posted              // the agent goes on, whatever becomes of who sent it
)

// Sending is the setting --send: which [Way] messages are sent.
type Sending string

// The settings of --send.
const (
	SendAuto   Sending = "auto" // stream for a caller who can make use of it, post for one who cannot
	SendStream Sending = "stream"
	SendPost   Sending = "post"
)

// ParseSending reads the setting; an empty text is [SendAuto].
func ParseSending(text string) (Sending, error) {
	switch sending := Sending(text); sending {
	case "":
		return SendAuto, nil
	case SendAuto, SendStream, SendPost:
		return sending, nil
	}
	return "", fmt.Errorf("%q is no way to send: use auto, stream or post", text)
}

func (s Sending) way(listening bool) Way {
	if s == SendStream || s != SendPost && listening {
		return Streamed
	}
	return Posted
}
