package wasm

import (
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// Plugin is one configured filter: a root context on each worker.
type Plugin struct {
	Name, RootID  string
	Configuration []byte
	// StopOnHeaders keeps a pause on headers a pause of the headers alone: Envoy's
	// allow_on_headers_stop_iteration.
	StopOnHeaders bool
	Key           string
}

// Context is what the filter sees under one context id: the VM itself (id 0), a
// plugin (root), or a stream.
type Context struct {
	vm           *VM
	id           uint32
	parent, root *Context
	plugin       *Plugin
	created      bool // the filter knows the context
	destroyed    bool
	configuring  bool // Envoy's temp_plugin_: the plugin configuration can be read

	// of a root context
	stopTick      func()
	tickEpoch     int
	statusCode    uint32
	statusMessage string
	callResponse  *CallResponse
	grpcReceived  grpcReceived
	prototypes    map[string]prototype

	// of a stream
	handle            *chain.Handle
	request, response half
	endOfStream       bool
	failed            bool // failStream was done
	failureSent       bool
	logging           bool
	tcp               *tcpState
}

func (vm *VM) newContext(parent *Context, plugin *Plugin) *Context {
	for vm.contexts[vm.nextID] != nil {
		vm.nextID++
	}
	c := &Context{vm: vm, id: vm.nextID, parent: parent, plugin: plugin}
	vm.nextID++
	vm.contexts[c.id] = c
	c.root = c
	if parent != vm.vmCtx {
		c.root = parent
	}
	return c
}

// StartPlugin makes the plugin's root context on this VM and configures it. It
// reports whether the filter accepted: false also if the VM failed.
func (vm *VM) StartPlugin(plugin *Plugin) bool {
	root := vm.roots[plugin.Key]
	if root == nil {
		root = vm.newContext(vm.vmCtx, plugin)
		vm.roots[plugin.Key] = root
	}
	return root.start() && root.configure() && vm.err == nil
}

// start tells the filter of the VM: once for each root context, as Envoy does.
func (c *Context) start() bool {
	defer c.vm.finish()
	c.configuring = true
	c.vm.call(onContextCreate, c, c.id, 0)
	c.configuring = false
	c.created = true
	if !c.vm.has(onVMStart) {
		return c.vm.err == nil
	}
	accepted, ok := c.vm.call(onVMStart, c, c.id, uint32(len(c.vm.Spec.Configuration)))
	return ok && accepted != 0
}

func (c *Context) configure() bool {
	if !c.vm.has(onConfigure) {
		return true
	}
	defer c.vm.finish()
	c.configuring = true
	accepted, ok := c.vm.call(onConfigure, c, c.id, uint32(len(c.plugin.Configuration)))
	c.configuring = false
	return ok && accepted != 0
}

// Root is the plugin's root context; nil if it was never started here.
func (vm *VM) Root(plugin *Plugin) *Context { return vm.roots[plugin.Key] }

// StopPlugin begins the end of a plugin: proxy_on_done, and proxy_on_delete now or
// when the filter calls proxy_done.
func (vm *VM) StopPlugin(plugin *Plugin) {
	root := vm.roots[plugin.Key]
	if root == nil {
		return
	}
	delete(vm.roots, plugin.Key)
	if root.onDone() {
		root.onDelete()
		root.release()
		return
	}
	vm.pendingDone[plugin.Key] = root
}

// doneNow is proxy_done: the end of a root context that said it was not done.
func (c *Context) doneNow() abi.Status {
	if c.plugin == nil || c.vm.pendingDone[c.plugin.Key] == nil {
		return abi.NotFound
	}
	root := c.vm.pendingDone[c.plugin.Key]
	delete(c.vm.pendingDone, c.plugin.Key)
	c.vm.later(func() {
		root.onDelete()
		root.release()
	})
	return abi.OK
}

// release forgets the context.
func (c *Context) release() {
	if c.stopTick != nil {
		c.stopTick()
	}
	c.cancelCalls()
	delete(c.vm.contexts, c.id)
}

func (c *Context) onCreate() {
	if !c.created && c.vm.has(onContextCreate) {
		c.vm.call(onContextCreate, c, c.id, c.parent.id)
		c.vm.finish()
	}
	c.created = true
}

func (c *Context) onDone() bool {
	if !c.vm.has(onDone) {
		return true
	}
	defer c.vm.finish()
	done, ok := c.vm.call(onDone, c, c.id)
	return !ok || done != 0
}

func (c *Context) onLog() {
	if c.vm.has(onLog) {
		c.vm.call(onLog, c, c.id)
		c.vm.finish()
	}
}

func (c *Context) onDelete() {
	if c.created && c.vm.has(onDelete) {
		c.vm.call(onDelete, c, c.id)
		c.vm.finish()
	}
}

// setTick starts, changes or stops (0) the root context's timer.
func (c *Context) setTick(period uint32) {
	if c.stopTick != nil {
		c.stopTick()
		c.stopTick = nil
	}
	c.tickEpoch++
	if period > 0 {
		c.scheduleTick(time.Duration(period)*time.Millisecond, c.tickEpoch)
	}
}

func (c *Context) scheduleTick(period time.Duration, epoch int) {
	c.stopTick = c.vm.Worker.AfterFunc(period, func() {
		if epoch != c.tickEpoch || c.vm.err != nil || c.vm.contexts[c.id] != c {
			return
		}
		c.Tick()
		if epoch == c.tickEpoch {
			c.scheduleTick(period, epoch)
		}
	})
}

// Tick calls proxy_on_tick now.
func (c *Context) Tick() {
	if c.vm.has(onTick) {
		c.vm.call(onTick, c, c.id)
		c.vm.finish()
	}
}

// log writes a message with the prefix that Envoy gives it.
func (c *Context) log(level abi.Level, message string) abi.Status {
	c.vm.Spec.Host.Log(c.vm.Worker.Index(), level, "wasm log"+c.logPrefix()+": "+message)
	return abi.OK
}

func (c *Context) logPrefix() string {
	prefix := ""
	names := []string{c.rootID(), c.vm.Spec.ID}
	if c.handle != nil || c.tcp != nil {
		names = []string{c.plugin.Name, c.plugin.RootID, c.vm.Spec.ID}
	}
	for _, name := range names {
		if name != "" {
			prefix += " " + name
		}
	}
	return prefix
}

func (c *Context) rootID() string {
	if c.plugin == nil {
		return ""
	}
	return c.plugin.RootID
}
