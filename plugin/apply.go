package main

import (
	"errors"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// place is the callback a verdict belongs to.
type place uint8

const (
	requestHeaders place = iota
	requestBody
)

// apply is the one place where a verdict on a request becomes host calls.
func (s *stream) apply(v guard.Verdict, at place) types.Action {
	if v.Action == guard.Answer {
		s.reply(v.Reply)
		return types.ActionPause
	}
	for _, e := range v.Edits {
		check(removeHeader(requestHeaderMap, e.Name))
		if !e.Remove {
			check(addHeader(requestHeaderMap, e.Name, e.Value))
		}
	}
	if v.Body != nil && at == requestBody {
		check(setBody(requestBodyBuffer, v.Body))
	}
	if v.Action == guard.Wait {
		return types.ActionPause
	}
	return types.ActionContinue
}

// reply sends an answer of the filter's own, once: a second one to the same
// stream was a use after free in the host.
func (s *stream) reply(r *guard.Reply) {
	if s.replied {
		return
	}
	s.replied = true
	s.plugin.answerHeaders = guard.Apply(append(s.plugin.answerHeaders[:0], r.Headers...), s.replyEdits())
	if !sendReply(uint32(r.Status), s.plugin.answerHeaders, r.Body) {
		writeLog(logError, "a reply could not be sent")
	}
}

// replyEdits are the headers that every answer gets; none if making them
// panics, as the reply may be about a panic.
func (s *stream) replyEdits() []guard.Edit {
	defer logPanic("reply")
	return s.request.ReplyEdits(s.at)
}

// recovered keeps the VM alive after a panic. Without it the host would drop
// the VM and with it every stream of the worker. A request that could not be
// decided gets the configured answer; an answer under way goes on.
func (s *stream) recovered(callback string, action *types.Action) {
	cause := recover()
	if cause == nil {
		return
	}
	writeLog(logCritical, "panic in "+callback+": "+describe(cause))
	verdict := s.request.Crashed()
	if action != nil {
		*action = s.apply(verdict, requestHeaders)
	}
}

// logPanic recovers where no stream is concerned.
func logPanic(callback string) {
	if cause := recover(); cause != nil {
		writeLog(logCritical, "panic in "+callback+": "+describe(cause))
	}
}

// describe names a panic by its type and, for runtime errors, its text; a
// panic's own value could hold part of a request.
func describe(cause any) string {
	if err, ok := cause.(interface{ RuntimeError() }); ok {
		return err.(error).Error()
	}
	return "a value of another kind"
}

// errRefused is any trouble that the host has with a call.
var errRefused = errors.New("it is not possible now")

// check counts on the host to do what it can do in this callback. It cannot
// be left unsaid when it does not.
func check(done bool) {
	if !done {
		writeLog(logError, "the host refused a call: it is not possible now")
	}
}
