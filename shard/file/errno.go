package file

import "syscall"

// What a file system answers when it can't take a write.
const (
	errNoSpace  = syscall.ENOSPC
	errQuota    = syscall.EDQUOT
	errReadOnly = syscall.EROFS
)
