// A peer over go-zeromq/zmq4, an implementation of ZeroMQ in Go; ../../../interop/peers/README.md says what it understands.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/plain"
)

const (
	period = 65521
	shown  = 32
)

var block = makePattern()
var sockets = map[string]*socket{}
var makers = map[string]func(context.Context, ...zmq4.Option) zmq4.Socket{
	"REQ": zmq4.NewReq, "REP": zmq4.NewRep, "PUB": zmq4.NewPub, "SUB": zmq4.NewSub, "PUSH": zmq4.NewPush, "PULL": zmq4.NewPull,
	"DEALER": zmq4.NewDealer, "ROUTER": zmq4.NewRouter, "PAIR": zmq4.NewPair, "XPUB": zmq4.NewXPub, "XSUB": zmq4.NewXSub,
}

type socket struct {
	zmq4.Socket
	timeout time.Duration
}

func makePattern() []byte {
	bytes := make([]byte, period)
	x := uint32(1)
	for i := range bytes {
		x = x*1664525 + 1013904223
		bytes[i] = byte(x >> 24)
	}
	return bytes
}

func pattern(size, seed int) []byte {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = block[(seed+i)%period]
	}
	return bytes
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

func fromHex(text string) []byte {
	bytes, err := hex.DecodeString(text[1:])
	if err != nil {
		panic(err)
	}
	return bytes
}

func framesOf(text string) [][]byte {
	frames := [][]byte{}
	for _, frame := range strings.Split(text, ",") {
		if frame[0] == 'x' {
			frames = append(frames, fromHex(frame))
			continue
		}
		parts := strings.FieldsFunc(frame[1:], func(r rune) bool { return r == ':' || r == '*' })
		count := 1
		if len(parts) > 2 {
			count = number(parts[2])
		}
		for i := 0; i < count; i++ {
			frames = append(frames, pattern(number(parts[0]), number(parts[1])+i))
		}
	}
	return frames
}

func describe(frames [][]byte) string {
	texts := []string{}
	for _, frame := range frames {
		if len(frame) <= shown {
			texts = append(texts, "x"+hex.EncodeToString(frame))
		} else {
			texts = append(texts, fmt.Sprintf("c%d:%08x", len(frame), crc32.ChecksumIEEE(frame)))
		}
	}
	return strings.Join(texts, ",")
}

// A REQ that has no peer yet gives its message back instead of waiting for one; it is tried again until the socket's timeout.
func send(s *socket, frames [][]byte) error {
	message := zmq4.NewMsgFrom(frames...)
	for end := time.Now().Add(s.timeout); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if len(frames) > 1 {
			err = s.SendMulti(message)
		} else {
			err = s.Send(message)
		}
		if err == nil || !strings.Contains(err.Error(), "no connections available") || time.Now().After(end) {
			return err
		}
	}
}

// The library's own timeout is for sending; a receive that waits too long is left behind.
func receive(s *socket) ([][]byte, error) {
	type result struct {
		message zmq4.Msg
		err     error
	}
	done := make(chan result, 1)
	go func() {
		message, err := s.Recv()
		done <- result{message, err}
	}()
	select {
	case got := <-done:
		return got.message.Frames, got.err
	case <-time.After(s.timeout):
		return nil, errors.New("receive: nothing came in time")
	}
}

func makeSocket(kind string, settings []string) (*socket, error) {
	timeout := 20 * time.Second
	username, password, secured := "", "", false
	options := []zmq4.Option{zmq4.WithAutomaticReconnect(true), zmq4.WithDialerRetry(50 * time.Millisecond), zmq4.WithDialerMaxRetries(-1)}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "timeout":
			timeout = time.Duration(number(value)) * time.Millisecond
		case "linger":
		case "routingId":
			options = append(options, zmq4.WithID(zmq4.SocketIdentity(fromHex(value))))
		case "plainServer":
			secured = value == "1"
		case "plainUsername":
			username, secured = string(fromHex(value)), true
		case "plainPassword":
			password = string(fromHex(value))
		default:
			return nil, fmt.Errorf("this binding has no option %s", name)
		}
	}
	if secured {
		options = append(options, zmq4.WithSecurity(plain.Security(username, password)))
	}
	maker, found := makers[kind]
	if !found {
		return nil, fmt.Errorf("this binding has no %s", kind)
	}
	options = append(options, zmq4.WithTimeout(timeout))
	return &socket{maker(context.Background(), options...), timeout}, nil
}

func run(words []string) (results []string, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	id, s := words[1], sockets[words[1]]
	switch words[0] {
	case "socket":
		sockets[id], err = makeSocket(words[2], words[3:])
	case "bind":
		return []string{words[2]}, s.Listen(words[2])
	case "connect":
		err = s.Dial(words[2])
	case "subscribe":
		err = s.SetOption(zmq4.OptionSubscribe, string(fromHex(words[2])))
	case "send":
		for _, message := range words[2:] {
			if err = send(s, framesOf(message)); err != nil {
				return
			}
		}
	case "receive":
		for i := number(words[2]); i > 0; i-- {
			frames, err := receive(s)
			if err != nil {
				return nil, err
			}
			results = append(results, describe(frames))
		}
	case "ask":
		for _, message := range words[2:] {
			if err = send(s, framesOf(message)); err != nil {
				return
			}
			frames, err := receive(s)
			if err != nil {
				return nil, err
			}
			results = append(results, describe(frames))
		}
	case "echo":
		for i := number(words[2]); i > 0; i-- {
			frames, err := receive(s)
			if err != nil {
				return nil, err
			}
			if err = send(s, frames); err != nil {
				return nil, err
			}
		}
	case "close":
		delete(sockets, id)
		err = s.Close()
	default:
		err = fmt.Errorf("this peer has no command %s", words[0])
	}
	return
}

func main() {
	fmt.Println("ready " + os.Args[1])
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	for in.Scan() {
		results, err := run(strings.Fields(in.Text()))
		if err != nil {
			fmt.Println("error " + strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println(strings.TrimSpace("ok " + strings.Join(results, " ")))
		}
	}
	os.Exit(0)
}
