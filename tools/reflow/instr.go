package main

// Opcodes that are looked at.
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0B
	opBr          = 0x0C
	opBrIf        = 0x0D
	opBrTable     = 0x0E
	opReturn      = 0x0F
	opCall        = 0x10
	opCallInd     = 0x11
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opFirstLoad   = 0x28
	opLastStore   = 0x3E
	opMemorySize  = 0x3F
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI64Const    = 0x42
	opF32Const    = 0x43
	opF64Const    = 0x44
	opI32Eqz      = 0x45
	opI32Add      = 0x6A
	opI32Sub      = 0x6B
	opLastNumeric = 0xC4
	opPrefix      = 0xFC
	empty         = 0x40 // type of a block without result
)

// instr is one instruction: its bytes, and of those that are looked at the first
// number in it.
type instr struct {
	op    byte
	arg   int64
	table []int // of br_table, the default last
	raw   []byte
}

// next reads an instruction of the set that Go's compiler and assembler write.
func (r *reader) next() instr {
	start := r.b
	in := instr{op: r.byte()}
	switch op := in.op; {
	case op == opBlock || op == opLoop || op == opIf:
		in.arg = int64(r.byte())
	case op == opBr || op == opBrIf || op == opCall || op >= opLocalGet && op <= opGlobalSet:
		in.arg = int64(r.uint())
	case op == opBrTable:
		for range r.count() + 1 {
			in.table = append(in.table, int(r.uint()))
		}
	case op == opCallInd:
		in.arg = int64(r.uint())
		r.byte()
	case op >= opFirstLoad && op <= opLastStore:
		r.uint()
		in.arg = int64(r.uint())
	case op == opMemorySize || op == opMemoryGrow:
		r.byte()
	case op == opI32Const || op == opI64Const:
		in.arg = r.int()
	case op == opF32Const:
		r.take(4)
	case op == opF64Const:
		r.take(8)
	case op == opPrefix:
		switch sub := r.uint(); {
		case sub == 10: // memory.copy
			r.take(2)
		case sub == 11: // memory.fill
			r.take(1)
		case sub > 11:
			r.fail()
		}
	case op <= 0x01, op == opElse, op == opEnd, op == opReturn, op == 0x1A, op == 0x1B,
		op >= opI32Eqz && op <= opLastNumeric:
	default:
		r.fail()
	}
	if r.err == nil {
		in.raw = start[:len(start)-len(r.b)]
	}
	return in
}
