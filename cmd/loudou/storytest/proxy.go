package storytest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Point is where in the life of a statement something happens.
type Point int

// The points: before it is passed on; passed on and carried out, its answer not passed back; answer passed.
const (
	Before Point = iota
	Carried
	Answered
)

func (p Point) String() string { return [...]string{"before", "carried out", "answered"}[p] }

// Proxy stands before a server and reads what the program says to it.
type Proxy struct {
	ln     net.Listener
	target string

	mu    sync.Mutex
	cut   bool
	delay time.Duration
	conns map[net.Conn]struct{}
	trap  *trap
	watch map[string]int // words, and how many statements held each
}

// trap waits for the words, in this order, on one connection, for the last of them at a point.
type trap struct {
	words [][]byte
	at    Point
	do    func()
	once  sync.Once
}

// NewProxy listens before the server at target until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{ln: ln, target: target, conns: map[net.Conn]struct{}{}}
	go p.accept()
	t.Cleanup(func() { _ = ln.Close(); p.Cut() })
	return p
}

// Addr is where to connect instead of the server.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Cut ends every connection and refuses new ones until Heal.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		_ = c.Close()
	}
}

// Heal lets everything through again, at once.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.delay, p.trap = false, 0, nil
}

// Connections says how many go through.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

// Delay holds every answer for d.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Watch counts from now on the statements that hold each of words. Statements go over the wire whole, with their
// values in them (interpolateParams), so a statement cannot hide behind a prepared one.
func (p *Proxy) Watch(words ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch = make(map[string]int, len(words))
	for _, w := range words {
		p.watch[w] = 0
	}
}

// Watched says how many statements held the word since Watch.
func (p *Proxy) Watched(word string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watch[word]
}

func (p *Proxy) see(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.watch {
		p.watch[w] += bytes.Count(b, []byte(w))
	}
}

// When does something once, at a point of the statement with the last of words, after a connection has
// carried the others. The statement's connection is cut there, so nothing goes by afterwards.
func (p *Proxy) When(at Point, do func(), words ...string) (done <-chan struct{}) {
	sprung := make(chan struct{})
	x := &trap{at: at, do: func() { do(); close(sprung) }}
	for _, w := range words {
		x.words = append(x.words, []byte(w))
	}
	p.mu.Lock()
	p.trap = x
	p.mu.Unlock()
	return sprung
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		cut := p.cut
		p.mu.Unlock()
		if cut {
			_ = c.Close()
			continue
		}
		go p.serve(c)
	}
}

func (p *Proxy) serve(c net.Conn) {
	s, err := net.Dial("tcp", p.target) //nolint:noctx // ends with the connection
	if err != nil {
		_ = c.Close()
		return
	}
	p.mu.Lock()
	p.conns[c], p.conns[s] = struct{}{}, struct{}{}
	p.mu.Unlock()
	end := func() {
		_ = c.Close()
		_ = s.Close()
		p.mu.Lock()
		delete(p.conns, c)
		delete(p.conns, s)
		p.mu.Unlock()
	}
	w := &wire{proxy: p, client: c, server: s, end: sync.OnceFunc(end)}
	go w.up()
	go w.down()
}

// wire is one connection through the proxy.
type wire struct {
	proxy          *Proxy
	client, server net.Conn
	end            func()

	mu    sync.Mutex
	of    *trap
	seen  int   // words of the trap that have gone by
	armed *trap // its last word has been passed on; the answer is looked at
}

// look says whether b carries the last word of the trap that is set.
func (w *wire) look(b []byte) *trap {
	w.proxy.mu.Lock()
	x := w.proxy.trap
	w.proxy.mu.Unlock()
	if x == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of != x {
		w.of, w.seen = x, 0
	}
	for w.seen < len(x.words) {
		i := bytes.Index(b, x.words[w.seen])
		if i < 0 {
			return nil
		}
		b = b[i+len(x.words[w.seen]):]
		w.seen++
	}
	return x
}

func (w *wire) up() {
	defer w.end()
	b := make([]byte, 64<<10)
	for {
		n, err := w.client.Read(b)
		if err != nil {
			return
		}
		w.proxy.see(b[:n])
		if x := w.look(b[:n]); x != nil {
			if x.at == Before {
				w.spring(x)
				return
			}
			w.mu.Lock()
			w.armed = x
			w.mu.Unlock()
		}
		if _, err := w.server.Write(b[:n]); err != nil {
			return
		}
	}
}

func (w *wire) down() {
	defer w.end()
	b := make([]byte, 64<<10)
	for {
		n, err := w.server.Read(b)
		if err != nil {
			return
		}
		w.proxy.mu.Lock()
		delay := w.proxy.delay
		w.proxy.mu.Unlock()
		time.Sleep(delay)
		w.mu.Lock()
		x := w.armed
		w.mu.Unlock()
		if x != nil && x.at == Carried {
			w.spring(x)
			return
		}
		if _, err := w.client.Write(b[:n]); err != nil {
			return
		}
		if x != nil {
			w.spring(x)
			return
		}
	}
}

// spring plays the trap, once, whoever reaches it first.
func (w *wire) spring(x *trap) {
	x.once.Do(func() {
		w.proxy.mu.Lock()
		if w.proxy.trap == x {
			w.proxy.trap = nil
		}
		w.proxy.mu.Unlock()
		x.do()
	})
}
