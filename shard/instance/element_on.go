//go:build !mutate

package instance

func (element) off() bool { return false }
