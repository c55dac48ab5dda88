// Package configs is the configuration: berth.yaml, the file that users copy,
// and what reads it.
//
//	path, err := configs.Find("")       // $BERTH_CONFIG, ./berth.yaml, /etc/berth/berth.yaml
//	cfg, err := configs.Load(path)      // the defaults when there is none
//	store, err := cfg.OpenStore(ctx)
//	r, err := router.Open(ctx, cfg.Router(store, cfg.Logger(os.Stderr)))
//
// A mistake is an error with its place and the next step, before anything is
// dialled:
//
//	configuration file /etc/berth/berth.yaml: line 8, column 3: unknown key
//	"passwd" in mysql; did you mean password?
//
// Two settings that contradict each other are a mistake too, also when one of
// them came later, by a flag or a data source name: whoever changes a Config
// calls Check again.
//
// # Secrets
//
// A password or a token is best named (password_file, password_env,
// token_file): it is then read anew for every connection, so a rotation needs
// no restart, and this file can be shown to anybody. One that is written in the
// file is taken, and warned about when others than the owner may read it. No
// error repeats a line of the file.
//
// # Caveats
//
// The file is read once. What is replaced while a process runs are the files
// that it names: passwords, tokens, certificates.
//
// Only the plain part of YAML is read: no anchors, aliases, merge keys or tags,
// and one document. A text that YAML takes for a number or a truth value has to
// be in quotes, since the password 0123 would otherwise be 83. Nothing in the
// file is expanded from the environment.
//
// Whether a file that is named is there is not checked: it may come later.
package configs
