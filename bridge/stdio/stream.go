package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// stream is the jsonrpc2.ObjectStream over lines. Requests reach the connection
// under numbers of our own, so that a caller's id of any size or sign comes back
// byte for byte.
type stream struct {
	lines <-chan readLine
	ended chan struct{} // closed when nothing more is to be read

	inputEnded chan struct{} // closed when the input itself has ended
	arrived    chan struct{} // has room for one sign that a line came

	greet   sync.Once
	greeted chan struct{}      // closed when a host's initialize was answered
	wanted  context.Context    // of what the host did not ask for
	quiet   context.CancelFunc // ends it

	questions exchange.Questions // to the host

	writing sync.Mutex // guards out; held for as long as the host does not read
	out     io.Writer

	mu     sync.Mutex // guards all below
	broken error      // of out
	queue  []queued   // what is left of the last line
	number uint64
	calls  map[uint64]*call
	idle   *sync.Cond // on mu; signalled when calls becomes empty
}

type readLine struct {
	line []byte
	err  error
}

// queued is a message and the array that it came in, if it did.
type queued struct {
	exchange.Message
	array *array
}

// call is a request that is being answered.
type call struct {
	queued
	number    uint64
	cancel    context.CancelFunc // set when the call is begun
	cancelled bool               // by the client, who wants no answer then
}

// array gathers the replies to the messages of one array.
type array struct {
	owed    int
	replies []exchange.Reply
}

func newStream(in io.Reader, out io.Writer) *stream {
	lines := make(chan readLine)
	s := &stream{lines: lines, ended: make(chan struct{}), inputEnded: make(chan struct{}), arrived: make(chan struct{}, 1),
		greeted: make(chan struct{}), out: out, calls: make(map[uint64]*call)}
	s.wanted, s.quiet = context.WithCancel(context.Background())
	s.idle = sync.NewCond(&s.mu)
	go s.pump(newLineReader(in), lines)
	return s
}

// pump reads ahead by one line, as nothing can wake a read of standard input.
func (s *stream) pump(reader *lineReader, lines chan<- readLine) {
	for {
		line, err := reader.next()
		last := err != nil && !errors.Is(err, errLineTooLong)
		if last {
			close(s.inputEnded)
		}
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		select {
		case lines <- readLine{line, err}:
		case <-s.ended:
			return
		}
		if last {
			return
		}
	}
}

// ReadObject gives the connection its next request. All else is dealt with
// here: what cannot be understood is answered, a notification may cancel a call,
// and a response goes to the call that asked the host something.
func (s *stream) ReadObject(v any) error {
	for {
		next, err := s.next()
		if err != nil {
			return err
		}
		switch next.Kind {
		case exchange.Invalid:
			s.settle(next.array, exchange.Refusal(next.Message))
		case exchange.Notification:
			s.notified(next.Message)
		case exchange.Response:
			s.questions.Answer("", next.Message)
		case exchange.Request:
			return json.Unmarshal(s.admit(next), v)
		}
	}
}

// next takes the input apart, line by line.
func (s *stream) next() (queued, error) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			first := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return first, nil
		}
		s.mu.Unlock()
		select {
		case <-s.ended:
			return queued{}, io.EOF
		case read := <-s.lines:
			if err := s.enqueue(read); err != nil {
				return queued{}, err
			}
		}
	}
}

func (s *stream) enqueue(read readLine) error {
	if errors.Is(read.err, errLineTooLong) {
		s.write(exchange.Reply{Error: &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "the line is longer than 4 MiB; it was not read"}})
		return nil
	}
	if read.err != nil {
		return read.err
	}
	batch, fault := exchange.Parse(read.line)
	if fault != nil {
		s.write(exchange.Reply{Error: fault})
		return nil
	}
	var gathered *array
	if batch.IsArray {
		gathered = &array{owed: batch.Requests()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, message := range batch.Messages {
		s.queue = append(s.queue, queued{message, gathered})
	}
	return nil
}

// admit notes a request as being answered and returns what the connection is to
// see of it: its method, under a number.
func (s *stream) admit(next queued) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	s.calls[s.number] = &call{queued: next, number: s.number}
	seen, _ := json.Marshal(&jsonrpc2.Request{Method: next.Method, ID: jsonrpc2.ID{Num: s.number}}) // a string and a number always encode
	return seen
}

// notified heeds the one notification that matters here. It runs between two
// requests, so that it finds the call it is meant for.
func (s *stream) notified(message exchange.Message) {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if message.Method == string(mcp.MethodNotificationCancelled) && json.Unmarshal(message.Params, &params) == nil {
		s.cancel(params.RequestID)
	}
}

// begin returns the call of that number with a context that ends when the
// client cancels it.
func (s *stream) begin(ctx context.Context, number uint64) (*call, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[number]
	ctx, c.cancel = context.WithCancel(ctx)
	return c, ctx
}

// cancel ends the call with that id, if there is one. It will not be answered.
func (s *stream) cancel(id json.RawMessage) {
	named := exchange.IDText(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if exchange.IDText(c.ID) == named && c.cancel != nil {
			c.cancelled = true
			c.cancel()
		}
	}
}

// tell writes a message of the call, unless the client has cancelled it.
func (s *stream) tell(c *call, message any) error {
	s.mu.Lock()
	cancelled := c.cancelled
	s.mu.Unlock()
	if cancelled {
		return nil
	}
	return s.write(message)
}

// announce writes what no call is the cause of.
func (s *stream) announce(n mcp.JSONRPCNotification) error {
	if err := s.wanted.Err(); err != nil {
		return err
	}
	return s.write(n)
}

// endSubscriptions has them answered: each call that goes on for as long as its
// client wants.
func (s *stream) endSubscriptions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.Method == string(mcp.MethodSubscriptionsListen) {
			c.cancel()
		}
	}
}

// answer writes the call's reply, unless the client has cancelled it, and
// forgets the call.
func (s *stream) answer(c *call, reply exchange.Reply) error {
	s.mu.Lock()
	cancelled := c.cancelled
	s.mu.Unlock()
	defer s.forget(c)
	if !cancelled {
		return s.settle(c.array, reply)
	}
	if c.array != nil {
		return s.settle(c.array, exchange.Reply{})
	}
	return nil
}

func (s *stream) forget(c *call) {
	c.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.number)
	if len(s.calls) == 0 {
		s.idle.Broadcast()
	}
}

// settle writes a reply, or keeps it until its whole array is answered.
func (s *stream) settle(gathered *array, reply exchange.Reply) error {
	if gathered == nil {
		return s.write(reply)
	}
	s.mu.Lock()
	gathered.owed--
	if reply.Result != nil || reply.Error != nil {
		gathered.replies = append(gathered.replies, reply)
	}
	owed, replies := gathered.owed, gathered.replies
	s.mu.Unlock()
	if owed > 0 || len(replies) == 0 {
		return nil
	}
	return s.write(replies)
}

// WriteObject writes a message of the connection's own.
func (s *stream) WriteObject(v any) error { return s.write(v) }

// write puts one message on a line. After an error nothing more is written, as
// what follows half a line could not be read.
func (s *stream) write(v any) error {
	line, err := exchange.Encode(v)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.failure(); err != nil {
		return err
	}
	if _, err = s.out.Write(append(line, '\n')); err != nil {
		s.mu.Lock()
		s.broken = err
		s.mu.Unlock()
		s.end()
	}
	return err
}

// end makes the reading side see the end of the input.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
}

// Close is called by the connection when it is done.
func (s *stream) Close() error {
	s.end()
	return nil
}

// failure is the error that ended the writing side, or nil.
func (s *stream) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// answered returns a channel that is closed when no call is open.
func (s *stream) answered() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		s.mu.Lock()
		for len(s.calls) > 0 {
			s.idle.Wait()
		}
		s.mu.Unlock()
		close(done)
	}()
	return done
}
