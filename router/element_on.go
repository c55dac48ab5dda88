//go:build !mutate

package router

func (element) off() bool { return false }

func (element) window() {}
