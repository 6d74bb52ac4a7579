package config

import "slices"

// Except returns the actions for a call and which exceptions hold for it, as
// bits for scan.Scanner.Except. path is "" for one that fits no pattern.
func (i *Inspection) Except(method, path, user, class string) (Actions, uint64) {
	actions, set := i.Roles, uint64(0)
	for n := range i.Exceptions {
		e := &i.Exceptions[n]
		if !e.match(method, path, user, class) {
			continue
		}
		set |= 1 << n
		for role := range actions {
			// A role that is not scanned has to be named.
			if e.action > 0 && (len(e.roles) == 0 && i.Roles[role] != Skip || slices.Contains(e.roles, uint8(role))) {
				actions[role] = Action(e.action - 1)
			}
		}
	}
	return actions, set
}

func (e *Exception) match(method, path, user, class string) bool {
	return oneOf(e.Methods, method) && oneOf(e.Users, user) && oneOf(e.Classes, class) &&
		(len(e.Paths) == 0 || slices.ContainsFunc(e.Paths, func(p Pattern) bool { return p.Match(path) }))
}

// oneOf says whether s is in list, or anything may be.
func oneOf(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
