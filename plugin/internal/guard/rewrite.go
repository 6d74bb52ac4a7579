package guard

import (
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// rewrite changes in the body what the policy wants changed, and nothing else:
// characters that nobody sees are taken out of texts, and the model gets the
// name that a fallback knows it by. Only a body that is still held can be
// changed: content-length has gone upstream otherwise.
func (r *Request) rewrite(v Verdict) (Verdict, error) {
	if !r.held || len(r.body) == 0 {
		return v, nil
	}
	edits := r.modelEdit(r.sanitise(nil))
	if len(edits) == 0 {
		return v, nil
	}
	body, err := llm.Rewrite(nil, r.body, edits)
	if err != nil {
		return v, err
	}
	v.Body = body
	v.Edits = append(v.Edits, Edit{Name: "content-length", Remove: true}, Edit{Name: "content-encoding", Remove: true})
	return v, nil
}

// sanitise lists the texts that are different without their hidden characters,
// among those whose role the policy wants sanitised.
func (r *Request) sanitise(edits []llm.Edit) []llm.Edit {
	if r.g.cfg.Inspection.Mode != config.Enforce {
		return edits
	}
	for _, t := range r.g.parsed.Texts {
		if r.actions[scanRole(t.Role)] != config.Sanitise {
			continue
		}
		if clean, removed := scan.Sanitise(nil, t.Value); removed > 0 {
			edits = append(edits, llm.Edit{Text: t, Value: clean})
			r.audit.sanitised += removed
		}
	}
	return edits
}
