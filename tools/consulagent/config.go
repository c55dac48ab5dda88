package consulagent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/berthdb/berth/tools/proc"
)

// off is how Consul's configuration says that a port is not opened.
const off = -1

// ports are all that an agent listens on.
type ports struct {
	http, serf, rpc *proc.Port
	https           *proc.Port // nil without TLS
}

// writeConfig writes the agent's configuration. join lists the gossip
// addresses of the other servers; with it, servers are how many there are.
func (a *Agent) writeConfig(servers int, join []string) error {
	https := off
	if a.ports.https != nil {
		https = a.ports.https.Number()
	}
	config := map[string]any{
		"server":           true,
		"bootstrap_expect": servers,
		"node_name":        fmt.Sprintf("berth-%d", a.httpPort),
		"data_dir":         a.dataDir(),
		"bind_addr":        host,
		"client_addr":      host,
		"ports": map[string]int{
			"http": a.httpPort, "https": https,
			"serf_lan": a.ports.serf.Number(), "server": a.ports.rpc.Number(),
			"serf_wan": off, "dns": off, "grpc": off, "grpc_tls": off,
		},
		// Elect a leader as quickly as production servers are told to.
		"performance": map[string]int{"raft_multiplier": 1},
		// A server that is asked to end stays a member: it comes back.
		"leave_on_terminate":      false,
		"disable_update_check":    true,
		"connect":                 map[string]bool{"enabled": false},
		"enable_script_checks":    false,
		"disable_remote_exec":     true,
		"retry_join":              join,
		"retry_interval":          "1s",
		"log_level":               "INFO",
		"disable_keyring_file":    true,
		"rejoin_after_leave":      true,
		"enable_syslog":           false,
		"translate_wan_addrs":     false,
		"skip_leave_on_interrupt": true,
	}
	if a.opts.ACL {
		config["acl"] = map[string]any{
			"enabled":        true,
			"default_policy": "deny",
			"tokens":         map[string]string{"initial_management": a.token, "agent": a.token},
		}
	}
	if a.opts.TLS {
		config["tls"] = map[string]any{"https": map[string]any{
			"ca_file":         a.CAFile(),
			"cert_file":       a.tlsFile("server.pem"),
			"key_file":        a.tlsFile("server-key.pem"),
			"verify_incoming": false,
		}}
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.configFile(), text, 0o600); err != nil {
		return err
	}
	return os.WriteFile(a.extraFile(), []byte(a.opts.ExtraHCL), 0o600)
}

func (a *Agent) dataDir() string    { return filepath.Join(a.dir, "data") }
func (a *Agent) configFile() string { return filepath.Join(a.dir, "agent.json") }
func (a *Agent) extraFile() string  { return filepath.Join(a.dir, "extra.hcl") }
