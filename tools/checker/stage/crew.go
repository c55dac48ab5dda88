package stage

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Crew keeps one worker at work, or two while one of them is struck.
type Crew struct {
	stage *Stage

	mu      sync.Mutex
	current *Worker
	struck  []*Worker // stopped, or on their way out
}

// NewCrew has no worker yet: Arm starts one.
func NewCrew(s *Stage) *Crew { return &Crew{stage: s} }

// Arm replaces the worker by one with that failpoint; empty: with none.
func (c *Crew) Arm(ctx context.Context, failpoint string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	if c.current != nil {
		err = c.current.Close(ctx)
		c.current = nil
	}
	if err != nil {
		return fmt.Errorf("relieve a worker: %w", err)
	}
	c.current, err = c.stage.StartWorker(ctx, failpoint)
	return err
}

// Kill kills the worker as kill -9 does; Arm starts the next.
func (c *Crew) Kill() (name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return "", errors.New("there is no worker to kill")
	}
	name = c.current.Name()
	err = errors.Join(c.current.Kill(), c.current.close())
	c.current = nil
	return name, err
}

// Freeze stops the worker as SIGSTOP does, and has another one begin.
func (c *Crew) Freeze(ctx context.Context) (name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return "", errors.New("there is no worker to stop")
	}
	if err := c.current.Freeze(); err != nil {
		return "", err
	}
	name = c.current.Name()
	c.struck, c.current = append(c.struck, c.current), nil
	c.current, err = c.stage.StartWorker(ctx, "")
	return name, err
}

// Thaw wakes the stopped ones, which then meet what the others have done.
func (c *Crew) Thaw() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, w := range c.struck {
		errs = append(errs, w.Thaw())
	}
	return errors.Join(errs...)
}

// Relieve ends those that were struck.
func (c *Crew) Relieve(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, w := range c.struck {
		errs = append(errs, w.Close(ctx))
	}
	c.struck = nil
	return errors.Join(errs...)
}

// Close ends all of them.
func (c *Crew) Close(ctx context.Context) error {
	err := c.Relieve(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		err = errors.Join(err, c.current.Close(ctx))
		c.current = nil
	}
	return err
}
