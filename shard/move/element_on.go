//go:build !mutate

package move

func (element) off() bool { return false }
