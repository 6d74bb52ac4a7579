package wasm

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tetratelabs/wazero"
)

// moduleKey is what makes a module the same as another.
type moduleKey struct {
	sum      [32]byte
	cacheDir string
	canStop  bool
}

// shelf holds the modules of the process, by code: those in use, and a few more.
var shelf struct {
	sync.Mutex
	modules map[moduleKey]*Module
	idle    []*Module // not in use, oldest first
	caches  map[string]wazero.CompilationCache
}

// maxIdle is how many modules are kept that nobody uses.
const maxIdle = 4

// Close gives the module back. VMs made from it must be closed before.
func (m *Module) Close(ctx context.Context) error {
	shelf.Lock()
	defer shelf.Unlock()
	shelf.idle = slices.DeleteFunc(shelf.idle, func(other *Module) bool { return other.users > 0 })
	if m.users--; m.users > 0 {
		return nil
	}
	if m.err != nil {
		return m.discard(ctx)
	}
	shelf.idle = append(shelf.idle, m)
	if len(shelf.idle) <= maxIdle {
		return nil
	}
	oldest := shelf.idle[0]
	shelf.idle = shelf.idle[1:]
	return oldest.discard(ctx)
}

func (m *Module) discard(ctx context.Context) error {
	delete(shelf.modules, m.key)
	if m.runtime == nil {
		return nil
	}
	return m.runtime.Close(ctx)
}

// openCache finds or makes the cache of a folder, which is made if needed. Caches are
// never closed.
func openCache(dir string) (cache wazero.CompilationCache, err error) {
	shelf.Lock()
	defer shelf.Unlock()
	if cache = shelf.caches[dir]; cache != nil {
		return cache, nil
	}
	if cache, err = wazero.NewCompilationCacheWithDir(dir); err != nil {
		return nil, fmt.Errorf("cache folder %s: %w", dir, err)
	}
	if shelf.caches == nil {
		shelf.caches = map[string]wazero.CompilationCache{}
	}
	shelf.caches[dir] = cache
	return cache, nil
}
