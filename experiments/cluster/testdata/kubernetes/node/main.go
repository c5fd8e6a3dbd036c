// Command node is a node of a Kubernetes cluster without containers: it takes
// every pod of an API server and runs its first container as a process, in a
// root folder that holds the program and the pod's volumes and nothing else, as
// the user that the pod names. It does what a Job and its shards can tell from
// a kubelet: environment, arguments, files, exit status, logs, and the end of
// pods that are deleted. There is no scheduler beside it.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// A node runs pods.
type node struct {
	name    string
	program string // what every image's entry point is
	folder  string // of the pods' root folders
	client  kubernetes.Interface

	mu   sync.Mutex
	pods map[types.UID]*pod
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "of a user who may do all")
	program := flag.String("program", "", "what every image's entry point is: a static binary")
	folder := flag.String("folder", "", "for the pods' root folders")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	n := &node{name: "local", program: *program, folder: *folder, client: kubernetes.NewForConfigOrDie(config), pods: map[types.UID]*pod{}}
	port, err := n.serveLogs()
	if err != nil {
		log.Fatal(err)
	}
	if err := n.register(ctx, port); err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(n.client, 0)
	if _, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { n.see(ctx, o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { n.see(ctx, o.(*corev1.Pod)) },
		DeleteFunc: func(o any) { n.gone(o) },
	}); err != nil {
		log.Fatal(err)
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
}

func (n *node) register(ctx context.Context, port int32) error {
	_, err := n.client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.name}}, metav1.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		return err
	}
	self, err := n.client.CoreV1().Nodes().Get(ctx, n.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	self.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.Now()}}
	self.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	self.Status.DaemonEndpoints.KubeletEndpoint.Port = port
	_, err = n.client.CoreV1().Nodes().UpdateStatus(ctx, self, metav1.UpdateOptions{})
	return err
}

// see takes what is new or has changed; it is called for one pod at a time.
func (n *node) see(ctx context.Context, spec *corev1.Pod) {
	n.mu.Lock()
	p := n.pods[spec.UID]
	n.mu.Unlock()
	switch {
	case spec.DeletionTimestamp != nil:
		if p != nil {
			p.kill()
		}
		// With its process dead, or never started, the pod may go.
		now := int64(0)
		err := n.client.CoreV1().Pods(spec.Namespace).Delete(ctx, spec.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(spec.UID))})
		if err != nil && !errors.IsNotFound(err) {
			log.Printf("%s: %v", spec.Name, err)
		}
	case spec.Spec.NodeName == "":
		err := n.client.CoreV1().Pods(spec.Namespace).Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: spec.Name, UID: spec.UID}, Target: corev1.ObjectReference{Kind: "Node", Name: n.name},
		}, metav1.CreateOptions{})
		if err != nil {
			log.Printf("%s: %v", spec.Name, err)
		}
	case p == nil && spec.Status.Phase == corev1.PodPending:
		p = &pod{node: n, spec: spec}
		n.mu.Lock()
		n.pods[spec.UID] = p
		n.mu.Unlock()
		go p.run(ctx)
	}
}

func (n *node) gone(o any) {
	if stale, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = stale.Obj
	}
	n.mu.Lock()
	p := n.pods[o.(*corev1.Pod).UID]
	n.mu.Unlock()
	if p != nil {
		p.kill()
	}
}
