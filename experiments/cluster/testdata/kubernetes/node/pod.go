package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// A pod is its first container's process.
type pod struct {
	node *node
	spec *corev1.Pod

	mu      sync.Mutex
	process *os.Process
	killed  bool
}

func (p *pod) root() string    { return filepath.Join(p.node.folder, p.spec.Name) }
func (p *pod) logFile() string { return p.root() + ".log" }

func (p *pod) run(ctx context.Context) {
	started := metav1.Now()
	state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
	ended := &corev1.ContainerStateTerminated{StartedAt: started, Reason: "Completed"}
	cmd, err := p.start(ctx)
	if err == nil {
		p.report(ctx, corev1.PodRunning, state)
		_ = cmd.Wait() // the state tells
		if ended.ExitCode = int32(cmd.ProcessState.ExitCode()); ended.ExitCode < 0 {
			ended.Signal = int32(cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
			ended.ExitCode = 128 + ended.Signal
		}
	} else {
		ended.ExitCode, ended.Message = 128, err.Error()
	}
	phase := corev1.PodSucceeded
	if ended.ExitCode != 0 {
		phase, ended.Reason = corev1.PodFailed, "Error"
	}
	ended.FinishedAt = metav1.Now()
	p.report(ctx, phase, corev1.ContainerState{Terminated: ended})
}

// start runs the container as a kubelet would, as far as a process can be one.
func (p *pod) start(ctx context.Context) (*exec.Cmd, error) {
	c := &p.spec.Spec.Containers[0]
	security := p.spec.Spec.SecurityContext
	if security == nil || security.RunAsUser == nil || security.RunAsGroup == nil || *security.RunAsUser == 0 {
		return nil, fmt.Errorf("no user but root to run as")
	}
	environment, err := p.environment(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := p.volumes(ctx, c); err != nil {
		return nil, err
	}
	if err := os.Link(p.node.program, filepath.Join(p.root(), "simulate")); err != nil {
		return nil, err
	}
	out, err := os.Create(p.logFile())
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := &exec.Cmd{Path: "/simulate", Args: []string{"/simulate"}, Dir: "/", Stdout: out, Stderr: out}
	expand := expansion.MappingFuncFor(environment)
	for _, a := range c.Args {
		cmd.Args = append(cmd.Args, expansion.Expand(a, expand))
	}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: p.root(), Pdeathsig: syscall.SIGKILL,
		Credential: &syscall.Credential{Uid: uint32(*security.RunAsUser), Gid: uint32(*security.RunAsGroup)},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return nil, fmt.Errorf("deleted before it began")
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.process = cmd.Process
	log.Printf("%s: process %d", p.spec.Name, cmd.Process.Pid)
	return cmd, nil
}

func (p *pod) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.process != nil {
		_ = p.process.Kill() // it may have ended
	}
}

func (p *pod) environment(ctx context.Context, c *corev1.Container) (map[string]string, error) {
	set := map[string]string{"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/"}
	for _, from := range c.EnvFrom {
		secret, err := p.node.client.CoreV1().Secrets(p.spec.Namespace).Get(ctx, from.SecretRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for name, value := range secret.Data {
			set[name] = string(value)
		}
	}
	for _, v := range c.Env {
		set[v.Name] = expansion.Expand(v.Value, expansion.MappingFuncFor(set))
		if v.ValueFrom != nil {
			value, err := fieldpath.ExtractFieldPathAsString(p.spec, v.ValueFrom.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			set[v.Name] = value
		}
	}
	return set, nil
}

// volumes lays out the root folder: config maps and empty folders.
func (p *pod) volumes(ctx context.Context, c *corev1.Container) error {
	if err := os.MkdirAll(p.root(), 0o755); err != nil {
		return err
	}
	for _, m := range c.VolumeMounts {
		at := filepath.Join(p.root(), m.MountPath)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		for _, v := range p.spec.Spec.Volumes {
			switch {
			case v.Name != m.Name:
			case v.ConfigMap != nil:
				files, err := p.node.client.CoreV1().ConfigMaps(p.spec.Namespace).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				for name, text := range files.Data {
					if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o644); err != nil {
						return err
					}
				}
			case v.EmptyDir != nil:
				if err := os.Chmod(at, 0o777); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// report tells the API server what has become of the pod.
func (p *pod) report(ctx context.Context, phase corev1.PodPhase, state corev1.ContainerState) {
	pods := p.node.client.CoreV1().Pods(p.spec.Namespace)
	ready := corev1.ConditionFalse
	if phase == corev1.PodRunning {
		ready = corev1.ConditionTrue
	}
	update := p.spec.DeepCopy()
	update.ResourceVersion = "" // nobody else writes the status
	start := metav1.Now()
	update.Status = corev1.PodStatus{
		Phase: phase, StartTime: &start, HostIP: "127.0.0.1",
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: p.spec.Spec.Containers[0].Name, Image: p.spec.Spec.Containers[0].Image, State: state, Ready: phase == corev1.PodRunning,
		}},
	}
	if _, err := pods.UpdateStatus(ctx, update, metav1.UpdateOptions{}); err != nil {
		log.Printf("%s: %v", p.spec.Name, err)
	}
}
